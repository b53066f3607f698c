import type { Execution } from "../domain/execution.ts";
import { readTaskId, toTaskId, type TaskId } from "../domain/ids.ts";
import type { StepNeed, PlannedStep } from "../domain/plan.ts";
import { isTampering } from "../domain/tampering.ts";
import { isHeldButBuildable, type Step, type StepState } from "../domain/step.ts";
import type { DecisionReader } from "./decision-transaction.ts";
import { type Known, mapKnown, UNKNOWN } from "../domain/known.ts";

/** A need with the current state of its step or task. State null: the step or task does not exist. */
export type NeedStatus = {
  readonly need: StepNeed;
  readonly task: TaskId;
  readonly state: Known<StepState | null>;
  /** Is null if the step is not in the ledger or has not started. */
  readonly step: Step | null;
  readonly checkpoint: boolean;
};

export const listNeedStatuses = (tx: DecisionReader, execution: Execution, { needs }: PlannedStep): NeedStatus[] =>
  needs.map((need) => {
    if ("task" in need) return findForeignNeed(tx, need);
    const step = execution.steps[need.step] ?? null;
    const checkpoint = tx.planned(execution, need.step)?.checkpoint === true || (step !== null && isTampering(step));
    return { need, task: toTaskId(execution.id, need.step), state: step?.state ?? null, step, checkpoint };
  });

/** The need on a task of another execution, which may be in the ledger, not approved yet, or archived. */
const findForeignNeed = (tx: DecisionReader, need: Extract<StepNeed, { task: TaskId }>): NeedStatus => {
  const { task } = need;
  const none = { need, task, step: null, checkpoint: false };
  const id = readTaskId(task);
  if (!id) return { ...none, state: null };
  const other = tx.execution(id.execution);
  if (!other) return { ...none, state: findArchivedState(tx, id) };
  const planned = tx.planned(other, id.step);
  const step = other.steps[id.step];
  if (step) return { ...none, state: step.state, step, checkpoint: planned?.checkpoint === true || isTampering(step) };
  if (!planned) return { ...none, state: null };
  return { ...none, state: other.state === "failed" || other.state === "cancelled" ? other.state : "pending" };
};

const findArchivedState = (tx: DecisionReader, { execution, step }: { execution: string; step: string }): Known<StepState | null> => {
  const states = tx.readFact<"archived">({ kind: "archived", execution });
  return mapKnown(states, (known) => known?.[step] ?? null);
};

export const isNeedFinished = (state: NeedStatus["state"]): boolean => state === "done" || state === "skipped";

export const isNeedFailed = (state: NeedStatus["state"]): boolean => state === null || state === "failed" || state === "blocked";

/**
 * `merged` is met when the step is done, `completed` when its work is published, `started` once it runs. A checkpoint is not completed
 * before a person approved it.
 */
export const isNeedMet = ({ need, state, step, checkpoint }: NeedStatus): boolean => {
  if (isNeedFinished(state)) return true;
  if (need.condition === "completed") return (state === "published" || (step !== null && isHeldButBuildable(step))) && !checkpoint;
  return need.condition === "started" && (state === "running" || state === "published" || state === "waiting");
};

type UnmetNeed = NeedStatus & { readonly state: StepState | null };

/** The unmet needs of a planned step, without needs of unknown state. */
export const listUnmetNeeds = (tx: DecisionReader, execution: Execution, planned: PlannedStep | undefined): UnmetNeed[] =>
  planned
    ? listNeedStatuses(tx, execution, planned).filter((status): status is UnmetNeed => status.state !== UNKNOWN && !isNeedMet(status))
    : [];
