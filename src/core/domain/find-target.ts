import type { CommandTarget } from "./command.ts";
import type { ExecutionId, Millis, StepId } from "./ids.ts";
import { readTaskId, toTaskId } from "./ids.ts";
import { accept, refuse, type RefusedResult, type Result } from "./refusal.ts";

/** What can be named: an execution of the ledger, or what a tool sees of it. */
type NamedExecution = {
  readonly id: ExecutionId;
  readonly issue: number;
  readonly createdAt: Millis;
  readonly steps: Readonly<Record<StepId, { readonly id: StepId; readonly pull?: number | null }>>;
};

export type FoundTarget<E extends NamedExecution> = { readonly execution: E; readonly step: E["steps"][string] | null };

/** The step whose pull request has this number; null where none has. */
export const findStepByPull = <E extends NamedExecution>(
  executions: readonly E[],
  pull: number,
): { execution: E; step: E["steps"][string] } | null => {
  for (const execution of executions.toReversed()) {
    const step = Object.values(execution.steps).find((each) => each.pull === pull);
    // TypeScript reads the constraint's type here, not that of E.
    if (step) return { execution, step: step as E["steps"][string] };
  }
  return null;
};

/** The issue that a command on an issue or a pull request speaks of: a step's pull request stands for the issue of its execution. */
export const findExecutionIssue = (executions: readonly NamedExecution[], number: number): number =>
  executions.some(({ issue }) => issue === number) ? number : (findStepByPull(executions, number)?.execution.issue ?? number);

/**
 * What a command speaks of: a task id or its beginning, an execution's id or its beginning, a step's id, or, with nothing said, the issue's newest execution.
 * On the pull request of a step, nothing said is that step, and names are those of its issue.
 * Refusals: `no-execution`, `unknown-target`, `ambiguous-target`.
 */
export const findTarget = <E extends NamedExecution>(
  executions: readonly E[],
  issue: number,
  target: CommandTarget,
): Result<FoundTarget<E>> => {
  const here = executions.filter((execution) => execution.issue === findExecutionIssue(executions, issue));
  if (target === null) {
    const own = executions.some((execution) => execution.issue === issue) ? null : findStepByPull(executions, issue);
    if (own) return accept(own);
    const newest = here.reduce<E | null>((best, each) => (best === null || each.createdAt >= best.createdAt ? each : best), null);
    return newest
      ? accept({ execution: newest, step: null })
      : refuse("no-execution", "There is no execution on this issue.", "/enki fix <what to do>");
  }
  const task = readTaskId(target);
  const exact = task && executions.find((execution) => execution.id === task.execution);
  const step = exact && findOwnStep(exact, task.step);
  if (exact && step) return accept({ execution: exact, step });
  return requireSingleTarget(findTargetMatches(executions, here, target), target);
};

/** The step of this id. A name that every object has would be found where there is none. */
const findOwnStep = <E extends NamedExecution>({ steps }: E, id: StepId): E["steps"][string] | undefined =>
  // TypeScript reads the constraint's type here, not that of E.
  Object.hasOwn(steps, id) ? (steps[id] as E["steps"][string]) : undefined;

/** Fewer characters than this are no beginning of an id. */
const MIN_ID_PREFIX_CHARS = 4;

const findTargetMatches = <E extends NamedExecution>(all: readonly E[], here: readonly E[], target: string): FoundTarget<E>[] => {
  const exact = all.find((execution) => execution.id === target);
  if (exact) return [{ execution: exact, step: null }];
  const steps = here.flatMap((execution) => {
    const step = findOwnStep(execution, target);
    return step ? [{ execution, step }] : [];
  });
  const newest = steps.at(-1);
  if (newest) return [newest];
  if (target.length < MIN_ID_PREFIX_CHARS) return [];
  const begun = all.filter((execution) => execution.id.startsWith(target)).map((execution) => ({ execution, step: null }));
  return begun.length > 0 || !target.includes("-") ? begun : findTasksByPrefix(all, target);
};

/** Tasks whose id begins so. */
const findTasksByPrefix = <E extends NamedExecution>(all: readonly E[], start: string): FoundTarget<E>[] =>
  all
    .filter(({ id }) => start.startsWith(`${id}-`))
    .flatMap((execution) =>
      Object.keys(execution.steps).flatMap((id) => {
        const step = toTaskId(execution.id, id).startsWith(start) ? findOwnStep(execution, id) : undefined;
        return step ? [{ execution, step }] : [];
      }),
    );

const requireSingleTarget = <E extends NamedExecution>(found: readonly FoundTarget<E>[], target: string): Result<FoundTarget<E>> => {
  const [first, second] = found;
  if (!first) return refuse("unknown-target", `Nothing here is called \`${target}\`: it was not found.`, "/enki status");
  if (second) {
    const names = found.map(({ execution, step }) => `\`${step ? toTaskId(execution.id, step.id) : execution.id}\``);
    return refuse("ambiguous-target", `\`${target}\` is ambiguous: it may be ${names.join(" or ")}.`, "/enki status");
  }
  return accept(first);
};

/** Only what failed can be retried: the same sentence for a command and for a tool. */
export const refuseNotFailed = (name: string, state: string): RefusedResult =>
  refuse("not-failed", `\`${name}\` is '${state}', not 'failed' — can only retry failed tasks`, "/enki status");
