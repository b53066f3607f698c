import type { Execution } from "../domain/execution.ts";
import type { Step } from "../domain/step.ts";

/** How failed work continues. `advice`: what a person does first; empty for nothing. `command`: the comment; empty if none continues it. */
export type FailureAction = { readonly advice: string; readonly command: string };

const LAND_COMMAND = "/enki land";

const isCommand = (next: string): boolean => next.startsWith("/enki ");

/** The work on a person's pull request ends with its failure: a person repairs it, and asks again. */
const findPullAction = (next: string): FailureAction => {
  if (next === "" || isCommand(next)) return { advice: "", command: next };
  return { advice: next, command: LAND_COMMAND };
};

/** The next command after a failure: that of the only failed step, or that of the whole execution. */
export const findFailureAction = (execution: Execution, steps: readonly Step[]): FailureAction => {
  const { id, landsPull, refusal } = execution;
  const [first, ...others] = steps.filter(({ state }) => state === "failed");
  if (landsPull) return findPullAction((first ?? execution).refusal?.next ?? LAND_COMMAND);
  const own = first?.refusal?.next ?? "";
  const retry = `/enki retry ${id}`;
  if (first) return { advice: "", command: others.length === 0 && own.startsWith("/enki retry ") ? own : retry };
  const next = refusal?.next ?? "";
  if (next === "" || next === "/enki retry") return { advice: "", command: retry };
  return isCommand(next) ? { advice: "", command: next } : { advice: next, command: retry };
};

/** The terminal's line for a comment: a command about a pull request names it. Empty without a comment. */
export const toTerminalLine = (comment: string, issue: number): string =>
  comment.slice(1).replace(/^enki (?:land|unland)\b.*$/, (line) => `${line} --issue ${issue}`);
