import { block, cancel, queueBehind, requireNeeds } from "../../domain/step-lifecycle.ts";
import { type Execution, type ExecutionState, hasOpenAmendment } from "../../domain/execution.ts";
import type { TaskId } from "../../domain/ids.ts";
import { listNeededTasks, type PlannedStep } from "../../domain/plan.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { isTerminalState, type Step } from "../../domain/step.ts";
import { startAdded } from "../apply/amend-plan.ts";
import { start } from "../apply/command.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { holds, isBad, isOverFor, type Needed, neededBy } from "../needs.ts";

/** Advances steps according to their needs, and finishes executions. */
export const reconcileTransitions = (tx: DecisionTransaction): void => {
  for (const each of tx.executions()) {
    begin(tx, each);
    const execution = tx.execution(each.id);
    if (execution?.state !== "running" || !tx.plan(execution.plan)) continue;
    for (const planned of tx.order(execution)) advance(tx, execution.id, planned);
    end(tx, execution.id);
  }
};

/** Starts everything that waits for no person: plans without approval, and executions that were blocked by another execution's failure. */
const begin = (tx: DecisionTransaction, execution: Execution): void => {
  const { state, requestedBy, amendment } = execution;
  if (state === "proposed" && isFree(tx, execution)) start(tx, execution, { by: requestedBy, at: tx.now });
  if (state === "running" && amendment?.state === "proposed" && isFree(tx, execution))
    startAdded(tx, execution, { by: amendment.requestedBy, at: tx.now });
  if (state === "failed" && isFreed(tx, execution)) tx.putExecution({ ...execution, state: "running", refusal: null });
};

const isFree = (tx: DecisionTransaction, { planOnly }: Execution): boolean => !planOnly && tx.snapshot.config.plan.approval === "never";

/** Whether a task of another execution no longer blocks this one. */
const isFreed = (tx: DecisionTransaction, execution: Execution): boolean =>
  tx.steps(execution.id).some((step) => {
    const planned = step.state === "blocked" ? tx.planned(execution, step.id) : undefined;
    if (!planned || listNeededTasks(planned).length === 0) return false;
    return (moved(step, () => neededBy(tx, execution, planned)) ?? step).state !== "blocked";
  });

const advance = (tx: DecisionTransaction, id: string, planned: PlannedStep): void => {
  const execution = tx.execution(id);
  const step = execution?.steps[planned.id];
  if (!execution || !step || (planned.needs.length === 0 && step.state !== "pending" && step.state !== "blocked")) return;
  const next = moved(step, () => neededBy(tx, execution, planned));
  if (next && (next.state !== step.state || next.refusal?.message !== step.refusal?.message)) tx.putStep(id, next);
};

/** The step after a check of its needs; null if nothing changes. */
const moved = (step: Step, look: () => readonly Needed[]): Step | null => {
  switch (step.state) {
    case "pending":
    case "ready":
      return wait(step, look());
    case "blocked":
      return step.resumeAs === null ? wait(step, look()) : hold(step, look());
    case "published":
      return hold(step, look());
    case "paused":
    case "waiting":
      return giveUp(step, look());
    case "running":
    case "done":
    case "failed":
    case "skipped":
    case "cancelled":
      return null;
  }
};

/** A step that has not started becomes ready once all its needs are met. */
const wait = (step: Step, needed: readonly Needed[]): Step | null => {
  if (needed.some(({ state }) => state === undefined)) return null;
  const bad = needed.find(({ state }) => isBad(state));
  const gone = giveUp(step, needed);
  if (gone) return gone;
  if (bad) return block(step, blockedBy(bad));
  return requireNeeds(
    step,
    needed.every((each) => holds(each)),
  );
};

/** A published step lands after all of its needs. */
const hold = (step: Step, needed: readonly Needed[]): Step | null => {
  const gone = giveUp(step, needed);
  if (gone) return gone;
  const bad = needed.find(({ state }) => isBad(state));
  if (bad) return block(step, blockedBy(bad));
  const open = needed.find(({ state }) => !isOverFor(state));
  const why = open ? { code: "held", message: `It lands after \`${open.task}\`.`, next: "" } : null;
  return queueBehind(step, why);
};

const giveUp = (step: Step, needed: readonly Needed[]): Step | null => {
  const cancelled = needed.find(({ state }) => state === "cancelled");
  if (!cancelled) return null;
  const why = { code: "cancelled", message: `It needs \`${cancelled.task}\`, which was cancelled.`, next: "/enki fix <what to do>" };
  return cancel(step, why);
};

const blockedBy = ({ task, state, need }: Needed): Refusal => {
  const retry = (of: TaskId): string => `/enki retry ${of}`;
  if (state !== null) return { code: "blocked", message: `It needs \`${task}\`, which did not get there.`, next: retry(task) };
  const what = "task" in need ? "task" : "step";
  return { code: "blocked", message: `It needs \`${task}\`, and there is no such ${what}.`, next: "/enki status" };
};

const end = (tx: DecisionTransaction, id: string): void => {
  const execution = tx.execution(id);
  const steps = tx.steps(id);
  if (!execution || hasOpenAmendment(execution) || execution.workflow?.endState === null || !isAtEnd(execution, steps)) return;
  const state = execution.workflow?.endState ?? outcome(steps);
  tx.putExecution({ ...execution, state, refusal: whyEnded(execution, state, steps) });
  tx.note(`${id} is ${state}`);
};

/** Published work of a failed workflow never lands, so the end does not wait for it. */
const isAtEnd = ({ workflow }: Execution, steps: readonly Step[]): boolean =>
  steps.every(({ state }) => isTerminalState(state) || (workflow?.endState === "failed" && state === "published"));

const whyEnded = ({ id }: Execution, state: ExecutionState, steps: readonly Step[]): Refusal | null => {
  if (state === "cancelled") return { code: "cancelled", message: "All of its steps were cancelled.", next: "/enki fix <what to do>" };
  if (state !== "failed") return null;
  const failed = steps.find((step) => step.state === "failed") ?? steps.find((step) => step.state === "blocked");
  return failed?.refusal ?? { code: "blocked", message: "Steps are blocked.", next: `/enki retry ${id}` };
};

/** Cancelled steps do not fail an execution: it is done if a step is done. */
const outcome = (steps: readonly Step[]): ExecutionState => {
  if (steps.some((step) => step.state === "failed" || step.state === "blocked")) return "failed";
  return steps.some((step) => step.state === "cancelled") && !steps.some((step) => step.state === "done") ? "cancelled" : "done";
};
