/** Per-job rights of a token, as a workflow's `permissions` names them. */
export type JobPermissions = Readonly<Record<string, "read" | "write" | "none">>;

export type RunConclusion = "success" | "failure" | "cancelled" | "skipped" | "startup_failure" | "timed_out";

export type JobReport = {
  /** The key under `jobs`. */
  readonly id: string;
  readonly name: string;
  readonly status: "queued" | "in_progress" | "completed";
  readonly conclusion: RunConclusion | null;
  readonly steps: readonly { readonly name: string; readonly conclusion: RunConclusion | null }[];
  /** The file that the job's output goes to; null before it starts. */
  readonly log: string | null;
};

/** One run of an Actions workflow, with everything that it may use. */
export type RunRequest = {
  readonly id: number;
  readonly workflow: { readonly path: string; readonly text: string };
  readonly event: { readonly name: string; readonly payload: unknown };
  readonly inputs: Readonly<Record<string, string>>;
  /** Full ref and commit that the workflow file was taken from. */
  readonly ref: string;
  readonly sha: string;
  readonly actor: string;
  readonly repository: { readonly owner: string; readonly name: string; readonly defaultBranch: string };
  /** `http://127.0.0.1:<port>`: git under `/<owner>/<name>.git`. */
  readonly serverUrl: string;
  readonly apiUrl: string;
  /** A token for one job with these rights and no others; `revokeToken` when the job ends. */
  readonly mintToken: (permissions: JobPermissions) => string;
  readonly revokeToken: (token: string) => void;
  /** Secrets of the repository, and of each environment by name. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly environments: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

export type RunObserver = {
  /** The workflow is valid and its `run-name` was evaluated. */
  readonly onTitle: (title: string) => void;
  readonly onJob: (report: JobReport) => void;
  /** Called once, last. `why` has file and line when the file was refused. */
  readonly onDone: (conclusion: RunConclusion, why: string) => void;
};

/** What executes runs. The forge has one; a simulation gives it another that ends jobs without processes. */
export type WorkflowRunner = {
  start(request: RunRequest, observer: RunObserver): void;
  /** Asks a run to end as cancelled; nothing when it is over or unknown. */
  cancel(run: number): void;
  /** Ends every process that it started and resolves when they are gone. */
  close(): Promise<void>;
};
