import { UNCHANGED_PLAN_REFUSAL, refuseMissingPlan, refuseFaultyPlanner } from "../../messages/refusals/plans.ts";
import { findQuotaWait, type QuotaWait } from "../../domain/quota-wait.ts";
import {
  awaitPlannerQuota,
  failExecution,
  finishExecution,
  propose,
  proposeAmendedPlan,
  refuseAmendment,
  repeatInterruptedPlanner,
  retryPlannerAfterFault,
} from "../../domain/execution-lifecycle.ts";
import { followsRules } from "../../domain/decision.ts";
import { type Execution, isPlanning, isBeingRevised } from "../../domain/execution.ts";
import { appendSteps, checkPlan } from "../../domain/plan-graph.ts";
import type { Job, JobResult } from "../../domain/job.ts";
import { isTaskCreation } from "../../domain/adhoc-task.ts";
import { hashValue } from "../../domain/ids.ts";
import type { Plan, PlannedStep } from "../../domain/plan.ts";
import type { Refusal, Result } from "../../domain/refusal.ts";
import type { DecisionTransaction, DecisionReader, LedgerReader, ExecutionWriter } from "../decision-transaction.ts";
import { checkTaskNeeds, withLocalNeeds } from "../task-needs.ts";
import { isInterruption, PERSON_WAIT_MS } from "../../domain/retry-policy.ts";
import { checkLandable } from "../landing-terms.ts";
import { waitForPlannerAnswer } from "./await-answer.ts";
import { withoutRevision } from "./revise-plan.ts";
import { applyToolRecords } from "./tool-records.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

const isPlannerFault = (end: JobResult["end"]): boolean => end === "crashed" || end === "timed-out";

/** Plans again after a fault or an interruption, or when the quota of the planner's model is renewed. Returns false for any other end. */
const applyPlannerFault = (tx: ExecutionWriter, execution: Execution, result: JobResult): boolean => {
  const wait = findQuotaWait(result, tx.now, execution.planning.quota);
  if (wait !== null) awaitPlanningQuota(tx, execution, wait);
  else if (isInterruption(result, execution.planning.attempt)) repeatPlanning(tx, execution);
  else if (isPlannerFault(result.end)) retryPlanningAfterFault(tx, execution, result.reason);
  else return false;
  return true;
};

/** Applies a planner's result: a plan, or more steps for the existing plan; all of them or none. */
export const applyPlanResult = (tx: DecisionTransaction, job: Job, result: JobResult): void => {
  const before = tx.execution(job.target);
  if (!before || !isPlanning(before) || before.planning.attempt !== job.attempt) return;
  const spent = before.spent + result.spent;
  if (applyPlannerFault(tx, { ...before, spent }, result)) return;
  applyToolRecords(tx, { job, execution: before, result });
  const execution = tx.execution(job.target);
  // The planner's own tools may have cancelled the execution.
  if (!execution || !isPlanning(execution)) return;
  const paid = { ...execution, spent };
  if (result.end === "asked" && paid.state === "planning" && waitForPlannerAnswer(tx, paid)) return;
  if (hasOnlyCreatedTasks(paid, result)) return finishWithTasks(tx, paid);
  proposeCheckedPlan(tx, paid, result);
};

/** Proposes the planner's plan to people, or ends the planning with a reason. */
const proposeCheckedPlan = (tx: ExecutionWriter, execution: Execution, result: JobResult): void => {
  const drawn = readPlannerPlan(tx, execution, result);
  if (!drawn.ok) return failPlanning(tx, execution, { ...drawn.refusal, next: `/enki retry ${execution.id}` });
  const checked = checkTaskNeeds(tx, execution, drawn.value);
  if (checked === UNKNOWN) return;
  if (!checked.ok) return failPlanning(tx, execution, { ...checked.refusal, next: `/enki retry ${execution.id}` });
  const hindered = checkPlanLandable(tx, execution, checked.value);
  if (hindered === UNKNOWN) return;
  if (hindered) return failPlanning(tx, execution, hindered);
  putPlanForApproval(tx, execution, checked.value);
};

/** Why nothing of a plan could ever land, so that no work is wasted. */
const checkPlanLandable = (tx: DecisionReader, { baseBranch }: Execution, { steps }: Plan): Known<Refusal | null> =>
  steps.some(({ output }) => output === "branch") ? checkLandable(tx, baseBranch) : null;

const hasOnlyCreatedTasks = ({ state, revision }: Execution, { end, tools }: JobResult): boolean =>
  state === "planning" &&
  revision?.state !== "planning" &&
  end === "success" &&
  tools.some((each) => isTaskCreation(each)) &&
  !tools.some(({ kind }) => kind === "propose");

/** Finishes the execution of a planner that created ad-hoc tasks instead of a plan: each task waits for its own approval. */
const finishWithTasks = (tx: ExecutionWriter, execution: Execution): void => {
  tx.putExecution(finishExecution({ ...execution, planning: { ...execution.planning, faults: 0, deadline: null } }, "done", null));
  tx.note(`${execution.id} is done: its planner made tasks of their own`);
};

/** The plan recorded by the planner's tools. Refusals: `no-plan`, and the refusals of checkPlan and addSteps. */
const readPlannerPlan = (tx: LedgerReader, execution: Execution, { tools, reason, output }: JobResult): Result<Plan> => {
  const { maxSteps } = tx.snapshot.config.plan;
  const proposal = tools.findLast((command) => command.kind === "propose");
  const more = tools.flatMap((command) =>
    command.kind === "add-steps" && (command.execution ?? execution.id) === execution.id ? command.steps : [],
  );
  const there = execution.state === "planning" ? (proposal?.plan ?? findRevisedPlan(tx, execution, more)) : tx.plan(execution.plan);
  if (there === null || (execution.state !== "planning" && more.length === 0)) {
    const because = reason === "" ? "." : `: ${reason.replace(/\.$/, "")}.`;
    const words = output === "" ? "" : ` It said: ${output}`;
    return refuseMissingPlan(there ? "new steps" : "a plan", because, words);
  }
  const own = withLocalNeeds(execution.id, { steps: more });
  const all = withLocalNeeds(execution.id, there);
  return own.steps.length === 0 ? checkPlan(all, maxSteps) : appendSteps(all, own.steps, maxSteps);
};

/** The proposed plan with the steps that a revising planner added. */
const findRevisedPlan = (tx: LedgerReader, execution: Execution, more: readonly PlannedStep[]): Plan | null =>
  isBeingRevised(execution) && more.length > 0 ? tx.plan(execution.plan) : null;

/** Proposes a plan to the people who may approve it. */
const putPlanForApproval = (tx: ExecutionWriter, before: Execution, value: Plan): void => {
  const { revision } = before;
  const isAdded = before.amendment !== null && before.state !== "planning";
  if (isBeingRevised(before) && hashValue(value) === (isAdded ? before.amendment?.plan : before.plan))
    return failPlanning(tx, before, UNCHANGED_PLAN_REFUSAL);
  const execution = revision ? { ...before, revision: { ...revision, state: "done", refusal: null } as const } : before;
  const free = tx.snapshot.config.plan.approval === "never" && !execution.planOnly;
  const deadline = free ? null : tx.now + PERSON_WAIT_MS;
  const plan = tx.putPlan(value);
  tx.note(`plan ${plan.slice(0, 12)} proposed for ${execution.id}`);
  if (execution.amendment && execution.state !== "planning")
    return tx.putExecution(proposeAmendedPlan(execution, { ...execution.amendment, plan, deadline }));
  tx.putExecution(propose(execution, { plan, deadline }));
};

/** Fails the execution if its first plan failed; a failed amendment leaves the execution unchanged. */
export const failPlanning = (tx: ExecutionWriter, execution: Execution, why: Refusal): void => {
  const { amendment } = execution;
  const back = withoutRevision(tx, execution, why);
  if (back) {
    tx.note(`${execution.id}: its plan stays as it was: ${why.code}`);
    return tx.putExecution(back);
  }
  tx.note(`${execution.id}: ${amendment ? "nothing is added" : "failed"}: ${why.code}`);
  if (!amendment || execution.state === "planning" || execution.state === "asking" || execution.state === "proposed")
    return tx.putExecution(failExecution(execution, why));
  tx.putExecution(refuseAmendment(execution, amendment, { ...why, next: "/enki add <request>" }));
};

const awaitPlanningQuota = (tx: ExecutionWriter, execution: Execution, wait: QuotaWait): void => {
  tx.putExecution(awaitPlannerQuota(execution, wait));
  tx.note(`plan of ${execution.id} waits for a quota until ${new Date(wait.until).toISOString()}`);
};

const repeatPlanning = (tx: ExecutionWriter, execution: Execution): void => {
  tx.putExecution(repeatInterruptedPlanner(execution));
  tx.note(`plan of ${execution.id}: attempt ${execution.planning.attempt} was interrupted`);
};

export const retryPlanningAfterFault = (tx: ExecutionWriter, execution: Execution, text: string): void => {
  const faults = execution.planning.faults + 1;
  // Decisions that earlier versions stored kept no reason.
  const again = retryPlannerAfterFault(execution, { reason: followsRules(tx.snapshot, 1) ? text : null, now: tx.now });
  if (again === null) return failPlanning(tx, execution, refuseFaultyPlanner(faults, text, execution.id));
  tx.putExecution(again);
  tx.note(`plan of ${execution.id}: fault ${faults}: ${text}`);
};
