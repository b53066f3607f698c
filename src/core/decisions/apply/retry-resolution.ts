import {
  explainFailedResolutions,
  explainOpaqueConflict,
  explainProtectedConflict,
  refuseUnresolvedConflict,
} from "../../messages/refusals/conflicts.ts";
import { type Conflict, MAX_RESOLUTION_ATTEMPTS, needsPersonToResolve, type Resolution } from "../../domain/conflict.ts";
import type { Execution } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { Step } from "../../domain/step.ts";
import { isProtectedPath } from "../../policy/protected-paths.ts";
import { formatConflicts } from "../../messages/open-conflicts.ts";
import type { StepWriter } from "../decision-transaction.ts";
import { backOffMs } from "../../domain/retry-policy.ts";
import { failStep } from "./fail-step.ts";

export type OpenResolution = { readonly execution: Execution; readonly step: Step; readonly resolution: Resolution };

const MAX_RESOLUTION_LOG_CHARS = 4_000;

/** Why an attempt failed, and its last output. */
type ResolutionFailure = { readonly reason: string; readonly fault: boolean; readonly output?: string };

/**
 * Schedules another attempt after a failed one, with back-off after a fault; when attempts run out, a person has to resolve the conflict.
 */
export const retryResolution = (
  tx: StepWriter,
  { execution, step, resolution }: OpenResolution,
  { reason, fault, output = "" }: ResolutionFailure,
): void => {
  const task = toTaskId(execution.id, step.id);
  const tries = resolution.failedAttempts + 1;
  const next = {
    ...resolution,
    failedAttempts: tries,
    deadline: null,
    notBefore: fault ? tx.now + backOffMs(tries) : 0,
    log: [reason, output.slice(-MAX_RESOLUTION_LOG_CHARS)].join("\n").trimEnd(),
  };
  tx.note(`${task}: attempt ${tries} to resolve its conflict failed: ${reason}`);
  if (tries < MAX_RESOLUTION_ATTEMPTS) return tx.putStep(execution.id, { ...step, resolution: next });
  failForPerson(tx, { execution, step, resolution: next }, explainFailedResolutions(MAX_RESOLUTION_ATTEMPTS, reason));
};

/** Fails a step whose conflict only a person can resolve. */
export const failForPerson = (tx: StepWriter, { execution, step, resolution }: OpenResolution, because: string): void => {
  const task = toTaskId(execution.id, step.id);
  const conflicted = resolution.conflicts.map(({ path }) => path);
  const failed = { ...step, pastConflicts: conflicted, resolution };
  failStep(tx, { execution, step: failed, refusal: refuseUnresolved({ execution, step, resolution }, because), log: resolution.log });
  tx.note(`${task} conflicts with ${execution.baseBranch}, and waits for a person`);
};

const refuseUnresolved = ({ execution, step, resolution }: OpenResolution, because: string): Refusal => {
  const task = toTaskId(execution.id, step.id);
  const files = formatConflicts(resolution.conflicts);
  return refuseUnresolvedConflict({ task, base: execution.baseBranch, files, forkPoint: resolution.forkPoint }, because);
};

/** Why only a person can resolve these conflicts; null if an agent can. */
export const explainPersonNeeded = (conflicts: readonly Conflict[], anew: readonly string[], globs: readonly string[]): string | null => {
  const open = conflicts.filter(({ path }) => !anew.includes(path));
  const kinds = [...new Set(open.filter((each) => needsPersonToResolve(each)).map(({ kind }) => kind))];
  if (kinds.length > 0) return explainOpaqueConflict(kinds);
  const kept = conflicts.find(({ path }) => isProtectedPath(path, globs));
  return kept ? explainProtectedConflict(kept.path) : null;
};
