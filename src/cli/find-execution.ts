import { type Execution, hasEnded } from "../core/domain/execution.ts";
import { findTarget, type FoundTarget } from "../core/domain/find-target.ts";
import type { Result } from "../core/domain/refusal.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { CommandError, UsageError } from "./command-options.ts";

/** No execution, task or step has the name. */
export class UnknownNameError extends CommandError {}
/** Several steps have the name. */
export class AmbiguousNameError extends CommandError {}

export type ExecutionChoice = {
  /** The issue named by the person; null without a name. */
  readonly issue: number | null;
  /** An execution, task or step; null for the unfinished execution. */
  readonly target: string | null;
};

const listNames = (executions: readonly Execution[]): string =>
  executions.map(({ id, issue, state }) => `  ${id} (${state}, issue ${issue})`).join("\n");

/** The executions of a ledger, oldest first. */
export const listByAge = (ledger: Ledger | null): Execution[] =>
  Object.values(ledger?.executions ?? {}).toSorted((a, b) => a.createdAt - b.createdAt);

/** The execution, and the step if the choice names a step. */
export const findExecution = (ledger: Ledger | null, { issue, target }: ExecutionChoice): FoundTarget<Execution> => {
  const all = listByAge(ledger);
  const here = all.filter((execution) => issue === null || execution.issue === issue);
  if (here.length === 0)
    throw new UnknownNameError(`there is no execution${issue === null ? "" : ` on issue ${issue}`}; start one with enki fix "<request>"`);
  if (target !== null) return findNamed(all, here, target);
  const open = here.filter((execution) => !hasEnded(execution));
  const newest = here.at(-1);
  if (open.length > 1) throw new UsageError(`several executions are not finished; name one:\n${listNames(open)}`);
  const execution = open[0] ?? newest;
  if (!execution) throw new CommandError("there is no execution");
  return { execution, step: null };
};

const findNamed = (all: readonly Execution[], here: readonly Execution[], target: string): FoundTarget<Execution> =>
  findOnIssues(here, target, (issue) => findTarget(all, issue, target));

/** Looks a name up on the issues of executions: a step's name alone may belong to any execution, preferably to an unfinished execution. */
export const findOnIssues = <T>(executions: readonly Execution[], target: string, find: (issue: number) => Result<T>): T => {
  const issues = [...executions.filter((execution) => !hasEnded(execution)), ...executions.toReversed()].map(({ issue }) => issue);
  for (const issue of new Set(issues)) {
    const found = find(issue);
    if (found.ok) return found.value;
    if (found.refusal.code === "ambiguous-target") throw new AmbiguousNameError(found.refusal.message.replaceAll("`", ""));
  }
  throw new UnknownNameError(`${target} was not found: no execution, task or step has this name; enki status lists them`);
};
