/** The permissions of a job's token, with the names of a workflow's `permissions`. */
export type JobPermissions = Readonly<Record<string, "read" | "write" | "none">>;

export type RunConclusion = "success" | "failure" | "cancelled" | "skipped" | "startup_failure" | "timed_out";

export type JobReport = {
  readonly id: string;
  readonly name: string;
  readonly status: "queued" | "in_progress" | "completed";
  readonly conclusion: RunConclusion | null;
  readonly steps: readonly { readonly name: string; readonly conclusion: RunConclusion | null }[];
  /** The log file of the job; null before the job starts. */
  readonly log: string | null;
  /** The outputs of a completed job. */
  readonly outputs?: Readonly<Record<string, string>>;
};

/** The end of a job, for its dependent jobs. */
export type FinishedJob = {
  readonly conclusion: Extract<RunConclusion, "success" | "failure" | "cancelled" | "skipped">;
  readonly outputs: Readonly<Record<string, string>>;
};

/** An artifact that a job of a run uploaded. `digest` is the SHA-256 of its files, in hex. */
export type UploadedArtifact = { readonly name: string; readonly size: number; readonly digest: string; readonly job?: string };

/** A run of an Actions workflow, with its permissions and secrets. */
export type RunRequest = {
  readonly id: number;
  readonly workflow: { readonly path: string; readonly text: string };
  readonly event: { readonly name: string; readonly payload: unknown };
  readonly inputs: Readonly<Record<string, string>>;
  /** The ref and the commit that the workflow file was read from. */
  readonly ref: string;
  readonly sha: string;
  readonly actor: string;
  readonly repository: { readonly owner: string; readonly name: string; readonly defaultBranch: string };
  /** `http://127.0.0.1:<port>`; git uses `/<owner>/<name>.git` below it. */
  readonly serverUrl: string;
  readonly apiUrl: string;
  /** Creates a token for one job with exactly these permissions. `revokeToken` is called when the job ends. */
  readonly mintToken: (permissions: JobPermissions) => string;
  readonly revokeToken: (token: string) => void;
  /** Records an artifact, so that the API lists it for this run, and returns its id. An earlier one of the same name is replaced. */
  readonly recordArtifact: (artifact: UploadedArtifact) => number;
  readonly secrets: Readonly<Record<string, string>>;
  readonly environments: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The branches that an environment admits; an unlisted environment admits every branch. */
  readonly environmentBranches?: Readonly<Record<string, readonly string[]>>;
  /** Variables of the repository and of its environments; none by default. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly environmentVariables?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether the run is one of a GitHub Enterprise Server, which knows fewer keys and refuses later artifact actions. */
  readonly enterpriseServer?: true;
  /** Jobs of an earlier process, which do not run again, and their artifacts; other artifacts are deleted. */
  readonly resumed?: { readonly finishedJobs: ReadonlyMap<string, FinishedJob>; readonly artifacts: readonly string[] };
};

export type RunObserver = {
  /** Called when the workflow is valid and its `run-name` is evaluated. */
  readonly onTitle: (title: string) => void;
  readonly onJob: (report: JobReport) => void;
  /** Called once, after all other calls. `reason` contains file and line if the file was refused. */
  readonly onDone: (conclusion: RunConclusion, reason: string) => void;
};

/** Executes workflow runs. The forge uses one; simulations finish jobs without processes. */
export type WorkflowRunner = {
  start(request: RunRequest, observer: RunObserver): void;
  /** Cancels a run; ignored if the run is finished or unknown. */
  cancel(run: number): void;
  /** Stops every process that the runner started. Resolves when all of them have ended. */
  close(): Promise<void>;
};
