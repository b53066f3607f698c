import { refuseCycle, refuseAbsentTask } from "../messages/refusals/plans.ts";
import type { Execution } from "../domain/execution.ts";
import { type ExecutionId, readTaskId, toTaskId, type TaskId } from "../domain/ids.ts";
import { listNeededTasks, type Plan, type PlannedStep } from "../domain/plan.ts";
import { formatCycle } from "../domain/plan-graph.ts";
import { accept, type Result } from "../domain/refusal.ts";
import type { DecisionReader, LedgerReader } from "./decision-transaction.ts";
import { type Known, mapKnown, UNKNOWN } from "../domain/known.ts";

/** The plan with needs on tasks of its own execution turned into needs on steps. */
export const withLocalNeeds = (id: ExecutionId, plan: Plan): Plan => ({
  ...plan,
  steps: plan.steps.map((step) => (listNeededTasks(step).some((task) => findLocalStep(id, task) !== null) ? toLocalNeeds(id, step) : step)),
});

const toLocalNeeds = (id: ExecutionId, step: PlannedStep): PlannedStep => ({
  ...step,
  needs: step.needs.map((need) => {
    const own = "task" in need ? findLocalStep(id, need.task) : null;
    return own === null ? need : { step: own, condition: need.condition };
  }),
});

const findLocalStep = (id: ExecutionId, task: TaskId): string | null => {
  const read = readTaskId(task);
  return read?.execution === id ? read.step : null;
};

/** Checks that needs on tasks of other executions can be met. Refusals: `unknown-need`, `cycle`. */
export const checkTaskNeeds = (tx: DecisionReader, execution: Execution, plan: Plan): Known<Result<Plan>> => {
  let open = false;
  for (const step of plan.steps) {
    for (const task of listNeededTasks(step)) {
      const known = isKnownTask(tx, task);
      if (known === UNKNOWN) open = true;
      else if (!known) return refuseAbsentTask(step.id, task);
    }
  }
  if (open) return UNKNOWN;
  const cycle = findTaskCycle(tx, execution, plan);
  return cycle === null ? accept(plan) : refuseCycle(formatCycle(cycle));
};

const isKnownTask = (tx: DecisionReader, task: TaskId): Known<boolean> => {
  const id = readTaskId(task);
  if (!id) return false;
  const other = tx.execution(id.execution);
  if (other) return other.steps[id.step] !== undefined || tx.planned(other, id.step) !== undefined;
  const states = tx.readFact<"archived">({ kind: "archived", execution: id.execution });
  return mapKnown(states, (known) => known?.[id.step] !== undefined);
};

/** A chain of tasks through other executions in which a step waits for itself; null without a cycle. */
const findTaskCycle = (tx: LedgerReader, { id }: Execution, plan: Plan): TaskId[] | null => {
  const own = new Map(plan.steps.map((step) => [step.id, step]));
  const needs = (task: TaskId): TaskId[] => {
    const read = readTaskId(task);
    if (!read) return [];
    const other = tx.execution(read.execution);
    const step = read.execution === id ? own.get(read.step) : other && tx.planned(other, read.step);
    return (step?.needs ?? []).map((need) => ("task" in need ? need.task : toTaskId(read.execution, need.step)));
  };
  for (const step of plan.steps) {
    if (listNeededTasks(step).length === 0) continue;
    const start = toTaskId(id, step.id);
    const before = new Map<TaskId, TaskId>();
    const stack = [start];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const next of needs(at)) {
        if (next === start) return toCyclePath(before, start, at);
        if (before.has(next)) continue;
        before.set(next, at);
        stack.push(next);
      }
    }
  }
  return null;
};

const toCyclePath = (before: ReadonlyMap<TaskId, TaskId>, start: TaskId, last: TaskId): TaskId[] => {
  const back: TaskId[] = [start];
  for (let at: TaskId | undefined = last; at !== undefined && at !== start; at = before.get(at)) back.unshift(at);
  return [start, ...back];
};
