import { reopen } from "../../domain/execution-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { Step } from "../../domain/step.ts";
import { refuseNotFailed } from "../../messages/refusals/targets.ts";
import type { WorkflowRun } from "../../domain/workflow-run.ts";
import { toNodeStepId } from "../../workflow/node-step.ts";
import { type ResumedRun, resumeRun } from "../../workflow/resume-run.ts";
import { type RunState, listSkippedRoles } from "../../workflow/run-state.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import type { CommandAnswer } from "./answer.ts";

/** Whether a retry must resume the workflow: the workflow failed, or a role failed and the consequences were applied already. */
export const isResumableFailure = ({ workflow, state }: Execution, step: Step | null): boolean =>
  workflow?.endState === "failed" || (workflow?.endState === null && state === "running" && step?.state === "failed");

type WorkflowResume = {
  readonly execution: Execution;
  readonly run: WorkflowRun;
  /** Null for all failed roles. */
  readonly step: Step | null;
  /** Makes a step ready for another attempt. */
  readonly retryStep: (tx: DecisionTransaction, execution: Execution, step: Step) => void;
};

/** Resumes a workflow from its failed roles; successful roles keep their results. Refusals: `not-failed`, `bad-workflow`. */
export const resumeWorkflow = (tx: DecisionTransaction, { execution, run, step, retryStep }: WorkflowResume): CommandAnswer => {
  const flow = tx.linkWorkflow(run);
  if (!flow.ok) return flow.refusal;
  const only = step ? run.nodes[step.id] : [];
  // The workflows pass wrote this value.
  const start = { workflow: flow.value.main, state: run.state as RunState, workflows: flow.value.all, callPath: [] };
  const resumed = only && resumeRun(start, only);
  if (!resumed?.changed)
    return step
      ? refuseNotFailed(toTaskId(execution.id, step.id), step.state).refusal
      : refuseNotFailed(execution.id, execution.state).refusal;
  const steps = new Set(resumed.nodeRuns.map(({ path }) => toNodeStepId(path)));
  for (const unit of resumed.nodeRuns) retryUnitStep(tx, { execution, retryStep }, unit);
  const now = tx.execution(execution.id) ?? execution;
  const workflow: WorkflowRun = {
    ...run,
    state: resumed.state,
    skippedRoles: listSkippedRoles(resumed.state),
    endState: null,
    reaskedSteps: run.reaskedSteps.filter((each) => !steps.has(each)),
    resumed: true,
  };
  tx.putExecution({ ...reopen(now), workflow });
  return null;
};

/** Restarts the step of a role. A step whose answer had the wrong format did not fail itself, so its next attempt gets the error. */
const retryUnitStep = (
  tx: DecisionTransaction,
  { execution, retryStep }: Pick<WorkflowResume, "execution" | "retryStep">,
  { path, error }: ResumedRun["nodeRuns"][number],
): void => {
  const step = execution.steps[toNodeStepId(path)];
  if (step) retryStep(tx, execution, { ...step, lastFailure: step.lastFailure ?? error });
};
