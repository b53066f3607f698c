import type { Target } from "../model/command.ts";
import type { Execution } from "../model/execution.ts";
import { readTaskId, taskId } from "../model/ids.ts";
import { accept, refuse, type Result } from "../model/refusal.ts";
import type { Step } from "../model/step.ts";

export type Found = { readonly execution: Execution; readonly step: Step | null };

/**
 * What a command on an issue speaks of: a task id, an execution's id or its beginning, a step's id, or, with nothing said, the issue's newest execution.
 * Refusals: `no-execution`, `unknown-target`, `ambiguous-target`.
 */
export const findTarget = (executions: readonly Execution[], issue: number, target: Target): Result<Found> => {
  const here = executions.filter((execution) => execution.issue === issue);
  if (target === null) {
    const newest = here.reduce<Execution | null>((best, each) => (best === null || each.created >= best.created ? each : best), null);
    return newest
      ? accept({ execution: newest, step: null })
      : refuse("no-execution", "There is no execution on this issue.", "/enki fix <what to do>");
  }
  const task = readTaskId(target);
  const exact = task && executions.find((execution) => execution.id === task.execution);
  if (task && exact?.steps[task.step]) return accept({ execution: exact, step: exact.steps[task.step] ?? null });
  return pick(matches(executions, here, target), target);
};

const matches = (all: readonly Execution[], here: readonly Execution[], target: string): Found[] => {
  const exact = all.find((execution) => execution.id === target);
  if (exact) return [{ execution: exact, step: null }];
  const steps = here.flatMap((execution) => {
    const step = Object.hasOwn(execution.steps, target) ? execution.steps[target] : undefined;
    return step ? [{ execution, step }] : [];
  });
  const newest = steps.at(-1);
  if (newest) return [newest];
  return target.length < 4
    ? []
    : all.filter((execution) => execution.id.startsWith(target)).map((execution) => ({ execution, step: null }));
};

const pick = (found: readonly Found[], target: string): Result<Found> => {
  const [first, second] = found;
  if (!first) return refuse("unknown-target", `Nothing here is called \`${target}\`.`, "/enki status");
  if (second) {
    const names = found.map(({ execution, step }) => `\`${step ? taskId(execution.id, step.id) : execution.id}\``);
    return refuse("ambiguous-target", `\`${target}\` may be ${names.join(" or ")}.`, "/enki status");
  }
  return accept(first);
};
