import type { RunConclusion } from "./workflow-runner.ts";
import {
  type ExpressionValue,
  createDictionary,
  type ExpressionScope,
  createStatusFunctions,
  toExpressionValue,
} from "./evaluate-expression.ts";
import { createRunContexts, runnerContextTexts } from "./run-facts.ts";
import type { ActionsJobHost } from "./job-host.ts";
import type { WorkflowJob } from "./actions-workflow.ts";

export type StepConclusion = "success" | "failure" | "cancelled" | "skipped";

/** `outcome` is the actual result. `conclusion` is the result after `continue-on-error`. */
export type StepResult = {
  readonly outcome: StepConclusion;
  readonly conclusion: StepConclusion;
  readonly outputs: Readonly<Record<string, string>>;
};

type JobStatus = "success" | "failure" | "cancelled";

/** The state that a job's steps pass on to later steps. */
export type JobState = {
  status: JobStatus;
  /** Environment from the workflow file and `GITHUB_ENV`. */
  readonly env: Map<string, string>;
  /** Directories that `GITHUB_PATH` put before `PATH`, last first. */
  path: readonly string[];
  /** Results by step id. */
  readonly results: Map<string, StepResult>;
  /** The reported steps of the file, in order. */
  readonly reportedSteps: { name: string; conclusion: RunConclusion | null }[];
  /** Whether the runner of this job stopped or was closed. No further step starts. */
  dead: boolean;
  /** Notifies the running step that the job was cancelled. */
  interrupt: () => void;
};

/** A running job. */
export type RunningJob = {
  readonly host: ActionsJobHost;
  readonly job: WorkflowJob;
  readonly needs: ExpressionValue;
  readonly state: JobState;
};

export const createJobState = (): JobState => ({
  status: "success",
  env: new Map(),
  path: [],
  results: new Map(),
  reportedSteps: [],
  dead: false,
  interrupt: () => undefined,
});

const stepsData = (state: JobState): ExpressionValue =>
  createDictionary([...state.results].map(([id, result]): [string, ExpressionValue] => [id, toExpressionValue(result)]));

/** The scope of expressions in a step. The step's `env` overrides the environment of the job. */
export const createStepScope = ({ host, needs, state }: RunningJob, env: Iterable<readonly [string, string]> = []): ExpressionScope => ({
  contexts: {
    ...createRunContexts(host.facts, {
      token: host.token,
      job: host.id,
      workspace: host.directories.workspace,
      event_path: host.directories.event,
    }),
    needs,
    strategy: toExpressionValue({ "fail-fast": true, "job-index": 0, "job-total": 1, "max-parallel": 1 }),
    matrix: toExpressionValue(null),
    secrets: toExpressionValue(host.secrets),
    vars: toExpressionValue(host.variables),
    steps: stepsData(state),
    job: toExpressionValue({ status: state.status }),
    runner: toExpressionValue(runnerContextTexts(host.directories)),
    env: toExpressionValue(Object.fromEntries([...state.env, ...env])),
  },
  functions: createStatusFunctions({
    success: () => state.status === "success",
    failure: () => state.status === "failure",
    cancelled: state.status === "cancelled",
  }),
});
