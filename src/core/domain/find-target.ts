import { NO_EXECUTION_REFUSAL, refuseAmbiguousTarget, refuseUnknownTarget } from "../messages/refusals/targets.ts";
import type { CommandTarget } from "./command.ts";
import type { ExecutionId, Millis, StepId } from "./ids.ts";
import { readTaskId, toTaskId } from "./ids.ts";
import { accept, type Result } from "./refusal.ts";

/** An execution of the ledger, or a tool's view of it. */
type NamedExecution = {
  readonly id: ExecutionId;
  readonly issue: number;
  readonly createdAt: Millis;
  readonly steps: Readonly<Record<StepId, { readonly id: StepId; readonly pull?: number | null }>>;
};

export type FoundTarget<E extends NamedExecution> = { readonly execution: E; readonly step: E["steps"][string] | null };

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

/** The issue that a command belongs to: a step's pull request stands for its execution's issue. */
export const findExecutionIssue = (executions: readonly NamedExecution[], number: number): number =>
  executions.some(({ issue }) => issue === number) ? number : (findStepByPull(executions, number)?.execution.issue ?? number);

/**
 * Finds a command's target: a task id or its prefix, an execution's id or its prefix, or a step id.
 * Without a target, the issue's newest execution; on a step's pull request, that step. Step ids refer to the issue's executions.
 * Refusals: `no-execution`, `unknown-target`, `ambiguous-target`.
 */
export const findTarget = <E extends NamedExecution>(
  executions: readonly E[],
  issue: number,
  target: CommandTarget,
): Result<FoundTarget<E>> => {
  const here = executions.filter((execution) => execution.issue === findExecutionIssue(executions, issue));
  if (target === null) {
    const stepOfPull = executions.some((execution) => execution.issue === issue) ? null : findStepByPull(executions, issue);
    if (stepOfPull) return accept(stepOfPull);
    const newest = here.reduce<E | null>((best, each) => (best === null || each.createdAt >= best.createdAt ? each : best), null);
    return newest ? accept({ execution: newest, step: null }) : NO_EXECUTION_REFUSAL;
  }
  const task = readTaskId(target);
  const exact = task && executions.find((execution) => execution.id === task.execution);
  const step = exact && findOwnStep(exact, task.step);
  if (exact && step) return accept({ execution: exact, step });
  return requireSingleTarget(findTargetMatches(executions, here, target), target);
};

/** `hasOwn`, because `steps["constructor"]` exists in every object. */
const findOwnStep = <E extends NamedExecution>({ steps }: E, id: StepId): E["steps"][string] | undefined =>
  // TypeScript reads the constraint's type here, not that of E.
  Object.hasOwn(steps, id) ? (steps[id] as E["steps"][string]) : undefined;

/** Shorter texts do not count as a prefix. */
export const MIN_ID_PREFIX_CHARS = 4;

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
  const byPrefix = all.filter((execution) => execution.id.startsWith(target)).map((execution) => ({ execution, step: null }));
  return byPrefix.length > 0 || !target.includes("-") ? byPrefix : findTasksByPrefix(all, target);
};

const findTasksByPrefix = <E extends NamedExecution>(all: readonly E[], prefix: string): FoundTarget<E>[] =>
  all
    .filter(({ id }) => prefix.startsWith(`${id}-`))
    .flatMap((execution) =>
      Object.keys(execution.steps).flatMap((id) => {
        const step = toTaskId(execution.id, id).startsWith(prefix) ? findOwnStep(execution, id) : undefined;
        return step ? [{ execution, step }] : [];
      }),
    );

const requireSingleTarget = <E extends NamedExecution>(found: readonly FoundTarget<E>[], target: string): Result<FoundTarget<E>> => {
  const [first, second] = found;
  if (!first) return refuseUnknownTarget(target);
  if (second) {
    const names = found.map(({ execution, step }) => `\`${step ? toTaskId(execution.id, step.id) : execution.id}\``);
    return refuseAmbiguousTarget(target, names.join(" and "));
  }
  return accept(first);
};
