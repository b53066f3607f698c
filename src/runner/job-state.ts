import type { Conclusion } from "./contract.ts";
import { type Data, dictionary, type Scope, statusFunctions, toData } from "./expression.ts";
import { runContexts, runnerTexts } from "./facts.ts";
import type { JobHost } from "./job-host.ts";
import type { WorkflowJob } from "./workflow.ts";

export type StepEnd = "success" | "failure" | "cancelled" | "skipped";

/** `outcome` is what happened, `conclusion` what counts: `continue-on-error` makes the difference. */
export type StepResult = { readonly outcome: StepEnd; readonly conclusion: StepEnd; readonly outputs: Readonly<Record<string, string>> };

type JobStatus = "success" | "failure" | "cancelled";

/** What a job's steps leave for those after them. */
export type JobState = {
  status: JobStatus;
  /** Environment of the file and of `GITHUB_ENV`. */
  readonly env: Map<string, string>;
  /** What `GITHUB_PATH` put before `PATH`, last first. */
  path: readonly string[];
  /** By step id. */
  readonly results: Map<string, StepResult>;
  /** What is reported of each step of the file, in order. */
  readonly shown: { name: string; conclusion: Conclusion | null }[];
  /** True when the runner of this job died or was closed: no step starts any more. */
  dead: boolean;
  /** Tells the step at work that the job was cancelled. */
  interrupt: () => void;
};

/** A job at work. */
export type RunningJob = { readonly host: JobHost; readonly job: WorkflowJob; readonly needs: Data; readonly state: JobState };

export const newState = (): JobState => ({
  status: "success",
  env: new Map(),
  path: [],
  results: new Map(),
  shown: [],
  dead: false,
  interrupt: () => undefined,
});

const stepsData = (state: JobState): Data => dictionary([...state.results].map(([id, result]): [string, Data] => [id, toData(result)]));

/** What an expression in a step sees; `env` is the step's own, over the job's. */
export const stepScope = ({ host, needs, state }: RunningJob, env: Iterable<readonly [string, string]> = []): Scope => ({
  contexts: {
    ...runContexts(host.facts, {
      token: host.token,
      job: host.id,
      workspace: host.place.workspace,
      event_path: host.place.event,
    }),
    needs,
    strategy: toData({ "fail-fast": true, "job-index": 0, "job-total": 1, "max-parallel": 1 }),
    matrix: toData(null),
    secrets: toData(host.secrets),
    steps: stepsData(state),
    job: toData({ status: state.status }),
    runner: toData(runnerTexts(host.place)),
    env: toData(Object.fromEntries([...state.env, ...env])),
  },
  functions: statusFunctions({
    success: () => state.status === "success",
    failure: () => state.status === "failure",
    cancelled: state.status === "cancelled",
  }),
});
