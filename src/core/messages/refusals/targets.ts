import { refuse, type RefusedResult } from "../../domain/refusal.ts";

export const NO_EXECUTION_REFUSAL: RefusedResult = refuse("no-execution", "There is no execution on this issue.", "/enki fix <what to do>");

export const refuseUnknownTarget = (target: string): RefusedResult =>
  refuse("unknown-target", `\`${target}\` was not found: no execution, task or step here has this id.`, "/enki status");

export const refuseAmbiguousTarget = (target: string, names: string): RefusedResult =>
  refuse("ambiguous-target", `\`${target}\` is ambiguous: it matches ${names}.`, "/enki status");

/** Commands and tools give the same refusal. */
export const refuseNotFailed = (name: string, state: string): RefusedResult =>
  refuse("not-failed", `\`${name}\` is '${state}', not 'failed' — can only retry failed tasks`, "/enki status");

export const refuseStepForExecution = (id: string): RefusedResult => refuse("no-execution-id", `'${id}' is a step, not an execution`);
