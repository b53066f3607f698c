import type { Execution } from "./execution.ts";
import { MIN_ID_PREFIX_CHARS } from "./find-target.ts";
import { type ExecutionId, readTaskId, type TaskId } from "./ids.ts";
import { listNeededTasks, type Plan } from "./plan.ts";

/** An execution that left the ledger, with its plan. */
export type ArchivedExecution = { readonly execution: Execution; readonly plan: Plan };

/** The issue or pull request that a command stands on, and beginnings of ids that it concerns. */
export type ArchiveSubject = { readonly issue: number; readonly names: readonly string[] };

/**
 * Selects what a command concerns: the executions of an issue, those whose id starts with a name, and others that undo them, are undone by
 * them, or need their tasks.
 */
export const selectRelated = (all: readonly ArchivedExecution[], { issue, names }: ArchiveSubject): readonly ArchivedExecution[] => {
  const isNamed = (id: ExecutionId): boolean =>
    names.some((name) => name.length >= MIN_ID_PREFIX_CHARS && (id.startsWith(name) || name.startsWith(id)));
  const related = new Set(names.flatMap((name) => readTaskId(name)?.execution ?? name));
  for (const { execution } of all) if (isOnIssue(execution, issue) || isNamed(execution.id)) related.add(execution.id);
  for (let before = -1; before !== related.size;) {
    before = related.size;
    for (const each of all) {
      const linked = listLinked(each);
      if (linked.some((id) => related.has(id))) related.add(each.execution.id);
      // An undo leads to what it undid.
      if (related.has(each.execution.id)) for (const id of listUndone(each.execution)) related.add(id);
    }
  }
  return all.filter(({ execution }) => related.has(execution.id));
};

const isOnIssue = ({ issue, steps }: Execution, number: number): boolean =>
  issue === number || Object.values(steps).some(({ pull }) => pull === number);

const toExecutionIds = (tasks: readonly TaskId[]): readonly ExecutionId[] => tasks.flatMap((task) => readTaskId(task)?.execution ?? []);

const listUndone = ({ undoes }: Execution): readonly ExecutionId[] => toExecutionIds(Object.values(undoes ?? {}).map(({ task }) => task));

/** The executions whose work an execution undoes or needs. */
const listLinked = ({ execution, plan }: ArchivedExecution): readonly ExecutionId[] => [
  ...listUndone(execution),
  ...toExecutionIds(plan.steps.flatMap((step) => listNeededTasks(step))),
];
