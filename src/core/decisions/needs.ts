import type { Execution } from "../domain/execution.ts";
import { readTaskId, toTaskId, type TaskId } from "../domain/ids.ts";
import type { StepNeed, PlannedStep } from "../domain/plan.ts";
import { isHeldButBuildable, type Step, type StepState } from "../domain/step.ts";
import type { DecisionTransaction } from "./decision-transaction.ts";

/** What a step needs, as it stands now. State null: there is no such step or task; undefined: that is not known yet. */
export type Needed = {
  readonly need: StepNeed;
  readonly task: TaskId;
  readonly state: StepState | null | undefined;
  /** Null for what is not in the ledger, or not begun. */
  readonly step: Step | null;
  readonly checkpoint: boolean;
};

export const neededBy = (tx: DecisionTransaction, execution: Execution, { needs }: PlannedStep): Needed[] =>
  needs.map((need) => {
    if ("task" in need) return foreign(tx, need);
    const step = execution.steps[need.step] ?? null;
    const checkpoint = tx.planned(execution, need.step)?.checkpoint === true;
    return { need, task: toTaskId(execution.id, need.step), state: step?.state ?? null, step, checkpoint };
  });

/** A task of another execution: one that lives, one whose plan is not approved yet, or one in the archive. */
const foreign = (tx: DecisionTransaction, need: Extract<StepNeed, { task: TaskId }>): Needed => {
  const { task } = need;
  const none = { need, task, step: null, checkpoint: false };
  const id = readTaskId(task);
  if (!id) return { ...none, state: null };
  const other = tx.execution(id.execution);
  if (!other) return { ...none, state: archived(tx, id) };
  const planned = tx.planned(other, id.step);
  const step = other.steps[id.step];
  if (step) return { ...none, state: step.state, step, checkpoint: planned?.checkpoint === true };
  if (!planned) return { ...none, state: null };
  return { ...none, state: other.state === "failed" || other.state === "cancelled" ? other.state : "pending" };
};

const archived = (tx: DecisionTransaction, { execution, step }: { execution: string; step: string }): StepState | null | undefined => {
  const states = tx.readFact<"archived">({ kind: "archived", execution });
  return states === undefined ? undefined : (states?.[step] ?? null);
};

export const isOverFor = (state: StepState | null | undefined): boolean => state === "done" || state === "skipped";

export const isBad = (state: StepState | null | undefined): boolean => state === null || state === "failed" || state === "blocked";

/**
 * `merged` holds when the step is done, `completed` when its work is published, `started` when it runs or did.
 * What a person has to look at first is not complete before that.
 */
export const holds = ({ need, state, step, checkpoint }: Needed): boolean => {
  if (isOverFor(state)) return true;
  if (need.condition === "completed") return (state === "published" || (step !== null && isHeldButBuildable(step))) && !checkpoint;
  return need.condition === "started" && (state === "running" || state === "published" || state === "waiting");
};
