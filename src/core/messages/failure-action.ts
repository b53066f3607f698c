import type { Execution } from "../domain/execution.ts";
import type { Step } from "../domain/step.ts";

/** The next step after a failure. `advice`: an act of a person before the command; `command`: the comment. Either may be empty. */
export type FailureAction = { readonly advice: string; readonly command: string };

const LAND_COMMAND = "/enki land";

const isCommand = (next: string): boolean => next.startsWith("/enki ");

/** The work on a person's pull request ends with its failure: a person repairs it, and asks again. */
const findPullAction = (next: string): FailureAction => {
  if (next === "" || isCommand(next)) return { advice: "", command: next };
  return { advice: next, command: LAND_COMMAND };
};

/** One failed step is retried alone; several are retried together. */
const findRetryCommand = ({ id }: Execution, [first, ...others]: readonly Step[]): string => {
  const own = first?.refusal?.next ?? "";
  return others.length === 0 && own.startsWith("/enki retry ") ? own : `/enki retry ${id}`;
};

/** The execution itself failed, such as its planner. */
const findExecutionAction = (execution: Execution): FailureAction => {
  const [next, retry] = [execution.refusal?.next ?? "", findRetryCommand(execution, [])];
  if (next === "" || next === "/enki retry") return { advice: "", command: retry };
  return isCommand(next) ? { advice: "", command: next } : { advice: next, command: retry };
};

/** The next command after a failure: the same in the comment, the terminal and the pages. */
export const findFailureAction = (execution: Execution, steps: readonly Step[]): FailureAction => {
  const failed = steps.filter(({ state }) => state === "failed");
  if (execution.landsPull) return findPullAction((failed[0] ?? execution).refusal?.next ?? LAND_COMMAND);
  return failed.length > 0 ? { advice: "", command: findRetryCommand(execution, failed) } : findExecutionAction(execution);
};

/** The terminal's line for a comment: a command about a pull request names it. Empty without a comment. */
export const toTerminalLine = (comment: string, issue: number): string =>
  comment.slice(1).replace(/^enki (?:land|unland)\b.*$/, (line) => `${line} --issue ${issue}`);
