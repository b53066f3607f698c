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

/** `outcome` is what happened, `conclusion` what counts: `continue-on-error` makes the difference. */
export type StepResult = {
  readonly outcome: StepConclusion;
  readonly conclusion: StepConclusion;
  readonly outputs: Readonly<Record<string, string>>;
};

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
  readonly reportedSteps: { name: string; conclusion: RunConclusion | null }[];
  /** True when the runner of this job died or was closed: no step starts any more. */
  dead: boolean;
  /** Tells the step at work that the job was cancelled. */
  interrupt: () => void;
};

/** A job at work. */
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

/** What an expression in a step sees; `env` is the step's own, over the job's. */
export const createStepScope = ({ host, needs, state }: RunningJob, env: Iterable<readonly [string, string]> = []): ExpressionScope => ({
  contexts: {
    ...createRunContexts(host.facts, {
      token: host.token,
      job: host.id,
      workspace: host.place.workspace,
      event_path: host.place.event,
    }),
    needs,
    strategy: toExpressionValue({ "fail-fast": true, "job-index": 0, "job-total": 1, "max-parallel": 1 }),
    matrix: toExpressionValue(null),
    secrets: toExpressionValue(host.secrets),
    steps: stepsData(state),
    job: toExpressionValue({ status: state.status }),
    runner: toExpressionValue(runnerContextTexts(host.place)),
    env: toExpressionValue(Object.fromEntries([...state.env, ...env])),
  },
  functions: createStatusFunctions({
    success: () => state.status === "success",
    failure: () => state.status === "failure",
    cancelled: state.status === "cancelled",
  }),
});
