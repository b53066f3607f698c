import { type Execution, type ExecutionEndState, type ExecutionState, isPlanning, type PlanAmendment } from "./execution.ts";
import type { Hash, Login, Millis } from "./ids.ts";
import type { QuotaWait } from "./quota-wait.ts";
import type { Refusal } from "./refusal.ts";
import { backOffMs, MAX_FAULTS } from "./retry-policy.ts";
import type { Transition } from "./transition.ts";

const UNSTARTED: readonly ExecutionState[] = ["planning", "asking", "proposed"];
const STARTED: readonly ExecutionState[] = ["running", "paused"];
const ALL: readonly ExecutionState[] = [...UNSTARTED, ...STARTED, "done", "failed", "cancelled"];

/** Every legal transition of an execution: the states before and after. */
export const EXECUTION_TRANSITIONS = {
  propose: { from: ["planning"], to: ["proposed"], when: "its planner proposed a plan" },
  askPerson: { from: ["planning"], to: ["asking"], when: "its planner asked a person" },
  replan: { from: [...UNSTARTED, "failed"], to: ["planning"], when: "a person answered, revised the plan, or retries the planner" },
  approve: { from: ["proposed"], to: ["running"], when: "a person approved the plan" },
  pause: { from: ["running"], to: ["paused"], when: "a person paused it or closed its pull request" },
  resume: { from: ["paused"], to: ["running"], when: "a person resumes it" },
  reopen: { from: [...STARTED, "failed"], to: ["running", "paused"], when: "a person retries a step of it" },
  finish: { from: [...STARTED, "planning"], to: ["done", "failed", "cancelled"], when: "nothing is left to do" },
  fail: { from: ALL, to: ["failed"], when: "its planner or its workflow failed" },
  cancel: { from: ALL, to: ["cancelled"], when: "a person cancels it" },
} as const satisfies Readonly<Record<string, Transition<ExecutionState>>>;

export type ExecutionTransition = keyof typeof EXECUTION_TRANSITIONS;

/** Whether an execution in this state may take the transition. */
export const mayExecutionTake = (transition: ExecutionTransition, { state }: Pick<Execution, "state">): boolean =>
  (EXECUTION_TRANSITIONS[transition].from as readonly ExecutionState[]).includes(state);

/** The execution in its new state. Throws after a forbidden transition: a bug in the caller. */
const take = <T extends ExecutionTransition>(
  transition: T,
  execution: Execution,
  change: Partial<Execution> & {
    readonly state: (typeof EXECUTION_TRANSITIONS)[T]["to"][number];
    readonly refusal: Refusal | null;
  },
): Execution => {
  if (!mayExecutionTake(transition, execution))
    throw new Error(`execution ${execution.id} is ${execution.state}: it cannot take the transition ${transition}`);
  return { ...execution, ...change };
};

type NewExecution = Pick<Execution, "id" | "issue" | "onPullRequest" | "requestedBy" | "request" | "baseBranch" | "createdAt"> &
  Partial<
    Pick<Execution, "state" | "planOnly" | "planning" | "plan" | "approved" | "quick" | "workflow" | "budget" | "landsPull" | "undoes">
  >;

const FIRST_PLANNING: Execution["planning"] = { attempt: 1, faults: 0, notBefore: 0, deadline: null };

/** A new execution; without a plan its planner's job is requested. */
export const createExecution = (request: NewExecution): Execution => ({
  state: "planning",
  planOnly: false,
  planning: FIRST_PLANNING,
  plan: null,
  approved: null,
  ...request,
  refusal: null,
  amendment: null,
  steps: {},
  spent: 0,
});

/** The planner's next attempt, with all counts of failures reset. */
const restartPlanning = ({ planning }: Execution): Execution["planning"] => ({ ...FIRST_PLANNING, attempt: planning.attempt + 1 });

/** Planning without a job or a deadline. */
const endPlanning = ({ planning }: Execution): Execution["planning"] => ({ ...planning, deadline: null });

type Proposal = { readonly plan: Hash | null; readonly deadline: Millis | null };

/** Proposes a plan to a person, who has until the deadline; null if no approval is needed. */
export const propose = (execution: Execution, { plan, deadline }: Proposal): Execution =>
  take("propose", execution, { state: "proposed", refusal: null, plan, planning: { ...execution.planning, faults: 0, deadline } });

/** Waits for a person's answer to the planner's question. */
export const askPerson = (
  execution: Execution,
  { refusal, deadline }: { readonly refusal: Refusal; readonly deadline: Millis },
): Execution => take("askPerson", execution, { state: "asking", refusal, planning: { ...execution.planning, faults: 0, deadline } });

/** Starts the planner again. */
export const replan = (execution: Execution): Execution =>
  take("replan", execution, { state: "planning", refusal: null, planning: restartPlanning(execution) });

/** Retries the planner's job after a fault, with a back-off from `now`. `reason`: null keeps none. Returns null after {@link MAX_FAULTS} retries. */
export const retryPlannerAfterFault = (
  execution: Execution,
  { reason, now }: { readonly reason: string | null; readonly now: Millis },
): Execution | null => {
  const faults = execution.planning.faults + 1;
  if (faults > MAX_FAULTS) return null;
  const planning = { ...restartPlanning(execution), faults, notBefore: now + backOffMs(faults) };
  return { ...execution, planning: { ...planning, ...(reason !== null && { lastFailure: reason }) } };
};

/** Starts the planner again after an interruption from outside. Not a fault: nothing is counted. */
export const repeatInterruptedPlanner = (execution: Execution): Execution => {
  const { faults } = execution.planning;
  return { ...execution, planning: { ...restartPlanning(execution), faults } };
};

/** Starts the planner again when the quota of its model is renewed. Not a fault: nothing is counted. */
export const awaitPlannerQuota = (execution: Execution, quota: QuotaWait): Execution => {
  const { faults } = execution.planning;
  return { ...execution, planning: { ...restartPlanning(execution), faults, notBefore: quota.until, quota } };
};

/** Starts the planner without waiting for a quota, because a person says so. */
export const endPlannerQuotaWait = (execution: Execution): Execution => {
  const { quota: _, ...planning } = execution.planning;
  return { ...execution, planning: { ...planning, notBefore: 0 } };
};

/** Runs the approved plan with the given steps. */
export const approve = (execution: Execution, { approved, steps }: Pick<Execution, "approved" | "steps">): Execution =>
  take("approve", execution, { state: "running", refusal: null, approved, steps, planning: endPlanning(execution) });

export const pauseExecution = (execution: Execution, refusal: Refusal): Execution => take("pause", execution, { state: "paused", refusal });

export const resumeExecution = (execution: Execution): Execution => take("resume", execution, { state: "running", refusal: null });

/** Runs again after a failure. A paused execution stays paused. */
export const reopen = (execution: Execution): Execution =>
  execution.state === "paused"
    ? take("reopen", execution, { state: "paused", refusal: null })
    : take("reopen", execution, { state: "running", refusal: null });

/** Ends an execution with nothing left to do. */
export const finishExecution = (execution: Execution, state: ExecutionEndState, refusal: Refusal | null): Execution =>
  take("finish", execution, { state, refusal });

/** Fails an execution until a person retries it. */
export const failExecution = (execution: Execution, refusal: Refusal): Execution =>
  take("fail", execution, { state: "failed", refusal, planning: endPlanning(execution) });

/** Cancels an execution. A running planner's job keeps its deadline until it is stopped. */
export const cancelExecution = (execution: Execution, refusal: Refusal): Execution =>
  take("cancel", execution, {
    state: "cancelled",
    refusal,
    amendment: null,
    planning: isPlanning(execution) ? execution.planning : endPlanning(execution),
  });

type AmendmentRequest = { readonly request: string; readonly requestedBy: Login };

/** Requests more steps from a planner. */
export const startAmendment = (execution: Execution, { request, requestedBy }: AmendmentRequest): Execution => ({
  ...execution,
  amendment: { state: "planning", request, requestedBy, plan: null, refusal: null },
  planning: restartPlanning(execution),
});

/** Starts the planner of an amendment again. The proposed plan stays until another one exists. */
export const restartAmendment = (execution: Execution, amendment: PlanAmendment): Execution => ({
  ...execution,
  amendment: { ...amendment, state: "planning", refusal: null },
  planning: restartPlanning(execution),
});

/** Proposes a plan with more steps to a person, who has until the deadline; null if no approval is needed. */
export const proposeAmendedPlan = (
  execution: Execution,
  { request, requestedBy, plan, deadline, byAgent }: AmendmentRequest & Proposal & Pick<PlanAmendment, "byAgent">,
): Execution => ({
  ...execution,
  amendment: {
    state: "proposed",
    request,
    requestedBy,
    plan,
    refusal: null,
    ...((byAgent ?? execution.amendment?.byAgent) && { byAgent: true as const }),
  },
  planning: { ...execution.planning, faults: 0, deadline },
});

/** Ends an amendment without more steps. The execution continues with its plan. */
export const refuseAmendment = (execution: Execution, amendment: PlanAmendment, refusal: Refusal): Execution => ({
  ...execution,
  amendment: { ...amendment, state: "refused", plan: null, refusal },
  planning: endPlanning(execution),
});

export const dropAmendment = (execution: Execution): Execution => ({
  ...execution,
  amendment: null,
  planning: endPlanning(execution),
});
