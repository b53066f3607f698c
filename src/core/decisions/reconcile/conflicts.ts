import { followsRules } from "../../domain/decision.ts";
import { replaceHead } from "../../domain/step-lifecycle.ts";
import { type Conflict, MAX_RESOLUTION_ATTEMPTS, type Resolution } from "../../domain/conflict.ts";
import type { Config } from "../../domain/config.ts";
import type { Execution } from "../../domain/execution.ts";
import { type Sha, toTaskId, type TaskId } from "../../domain/ids.ts";
import { toTaskRef } from "../../domain/refs.ts";
import { findOpenConflict, isBeingResolved, type Step } from "../../domain/step.ts";
import { matchesGlob } from "../../policy/glob.ts";
import { formatConflicts } from "../../messages/open-conflicts.ts";
import { refuseConflictingPull } from "../../messages/pull-refusals.ts";
import { renderHeadStatus } from "../../messages/status-text.ts";
import { failStep } from "../apply/fail-step.ts";
import { failForPerson, explainPersonNeeded, type OpenResolution } from "../apply/retry-resolution.ts";
import { findCommentUrl } from "../run-links.ts";
import type { LedgerReader, StepWriter, RefWriter, EffectWriter } from "../decision-transaction.ts";
import { type StepContext, findStep } from "../find-step.ts";
import { UNKNOWN } from "../../domain/known.ts";

/** Deletes resolutions of conflicts that a landing or a new head has removed, after their runs are stopped. */
export const reconcileConflicts = (tx: StepWriter & EffectWriter): void => {
  for (const execution of tx.executions()) {
    if (execution.state !== "running") continue;
    for (const step of tx.steps(execution.id))
      if (step.resolution && isObsoleteConflict(tx, execution, step)) dropConflict(tx, execution, step);
  }
};

const isObsoleteConflict = (tx: LedgerReader, execution: Execution, step: Step): boolean => {
  const { resolution, head, state } = step;
  if (!resolution || resolution.resolvedHead !== null || isBeingResolved(step)) return false;
  return resolution.head !== head?.sha || ((state === "published" || state === "waiting") && !isResolutionWanted(tx, execution, step));
};

const dropConflict = (tx: StepWriter & EffectWriter, execution: Execution, { resolution, ...step }: Step): void => {
  tx.putStep(execution.id, step);
  const commit = step.head?.sha;
  // The head's status still said that its conflict is being resolved.
  if (commit !== undefined && commit === resolution?.head)
    tx.enqueueEffect({
      kind: "set-status",
      key: `set-status:${commit}`,
      commit,
      state: "pending",
      text: renderHeadStatus(step),
      url: findCommentUrl(tx, execution),
    });
};

/** Whether the step's current head still conflicts with the base, as far as is known, and its resolution can land as it is. */
export const isResolutionWanted = (tx: LedgerReader, { id, baseBranch }: Execution, step: Step): boolean => {
  const conflict = findOpenConflict(step);
  if (!conflict || findLostHead(tx, conflict) !== null) return false;
  const task = toTaskId(id, step.id);
  const item = tx.queue(baseBranch).items.find((each) => each.task === task && each.head === step.head?.sha);
  return !item || item.state === "resolving" || item.mergedAgainst === null;
};

/** An unlanded head of a resolution, held or no longer in the queue; otherwise null. A held head may wait for a person for days. */
export const findLostHead = (tx: LedgerReader, { line }: Resolution): TaskId | null =>
  line?.ahead.find(({ task, head }) => {
    const step = findStep(tx, task)?.step;
    return !step || (!step.landed && (step.state !== "published" || step.head?.sha !== head));
  })?.task ?? null;

/** With `forkPoint`, only the head's changes since that commit count. */
type FoundConflict = {
  readonly task: TaskId;
  readonly head: Sha;
  readonly onto: Sha;
  readonly ahead?: Step["builtOn"];
  readonly forkPoint?: Sha;
};

/**
 * Records that a head conflicts with the base. The refinery reports the conflict in every round; a running attempt continues even if more
 * work lands.
 */
export const recordConflict = (tx: StepWriter, { task, head, onto, ahead = [], forkPoint }: FoundConflict): void => {
  const found = findStep(tx, task);
  if (found?.step.head?.sha !== head) return;
  const { execution, step } = found;
  if (execution.landsPull) return failStep(tx, { ...found, refusal: refuseConflictingPull(execution.baseBranch), log: "" });
  const known = findOpenConflict(step);
  if (known && (known.onto === onto || known.deadline !== null)) return;
  const own = forkPoint === undefined ? {} : { forkPoint };
  const conflicts = tx.readFact<"conflicts">({ kind: "conflicts", onto, head, ...own });
  if (conflicts === UNKNOWN) return;
  const { refinery, policy } = tx.snapshot.config;
  const made = findRegeneratedFiles(refinery.regenerate, conflicts);
  const resolution = { ...toResolutionProgress(tx, step, known), head, onto, conflicts, ...toLine(tx, execution, ahead), ...made, ...own };
  const why = explainPersonNeeded(conflicts, made.regenerated, policy.protected);
  if (why !== null) return failForPerson(tx, { execution, step, resolution }, why);
  tx.putStep(execution.id, { ...step, resolution });
  tx.note(`${task} conflicts with ${execution.baseBranch} in ${formatConflicts(conflicts)}`);
};

const toLine = (tx: LedgerReader, { baseBranch }: Execution, ahead: Step["builtOn"]): Pick<Resolution, "line"> => {
  const baseTip = tx.baseTip(baseBranch);
  return ahead.length > 0 && baseTip !== null ? { line: { ahead, baseTip } } : {};
};

/** Whether the head is a second resolution, after a red one, and not green itself, so that the next red run counts against the step. */
const isSecondResolution = ({ snapshot }: LedgerReader, { head, resolution, verification }: Step): boolean =>
  followsRules(snapshot, 5) &&
  resolution?.failedVerification === true &&
  resolution.resolvedHead === head?.sha &&
  !(verification?.passed === true && verification.head === head?.sha);

/** A new resolution of the current head's conflict, or the existing one with its attempts. */
const toResolutionProgress = (
  tx: LedgerReader,
  step: Step,
  known: Resolution | null,
): Omit<Resolution, "head" | "onto" | "conflicts" | "regenerated" | "regenerateCommands"> => {
  const { head, builtOn } = step;
  const fresh = {
    attempt: 0,
    failedAttempts: 0,
    notBefore: 0,
    deadline: null,
    log: "",
    resolvedHead: null,
    summary: "",
    failedVerification: isSecondResolution(tx, step),
  };
  const { forkPoint: _, line: __, ...rest } = known ?? {};
  return { ...fresh, ...rest, headOrigin: { ...(head?.baseTip !== undefined && { baseTip: head.baseTip }), builtOn } };
};

/** Conflicting files that commands regenerate. Submodules and links cannot be regenerated. */
const findRegeneratedFiles = (regenerate: Config["refinery"]["regenerate"], conflicts: readonly Conflict[]) => {
  const made = conflicts.flatMap(({ path, kind }) => {
    const found =
      kind === "submodule" || kind === "link" ? undefined : Object.entries(regenerate).find(([glob]) => matchesGlob(glob, path));
    return found ? [{ path, command: found[1] }] : [];
  });
  return { regenerated: made.map(({ path }) => path), regenerateCommands: [...new Set(made.map(({ command }) => command))] };
};

/**
 * Blames a failed verification on the step's conflict resolution once: restores the conflicting head and resolves it again. Returns false
 * without a resolution to blame.
 */
export const revertFailedResolution = (tx: StepWriter & RefWriter, { execution, step, log }: StepContext & { log: string }): boolean => {
  const { resolution, head } = step;
  if (!resolution || !head || resolution.resolvedHead !== head.sha || resolution.failedVerification) return false;
  const again = {
    ...resolution,
    failedAttempts: Math.min(resolution.failedAttempts, MAX_RESOLUTION_ATTEMPTS - 1),
    failedVerification: true,
    log,
  };
  const task = restoreConflictingHead(tx, { execution, step, resolution: again });
  tx.note(`${task}: its resolution is not verified; back to ${resolution.head.slice(0, 12)}, and once more`);
  return true;
};

/** Makes the conflicting head the head of the step's branch again, so that its conflict is resolved again. Returns the task. */
export const restoreConflictingHead = (tx: StepWriter & RefWriter, { execution, step, resolution }: OpenResolution): TaskId => {
  const task = toTaskId(execution.id, step.id);
  tx.moveRef(toTaskRef(task), resolution.head);
  const { baseTip, builtOn = step.builtOn } = resolution.headOrigin ?? {};
  const head = { sha: resolution.head, since: tx.now, by: step.head?.by ?? "worker", ...(baseTip !== undefined && { baseTip }) };
  tx.putStep(execution.id, replaceHead(step, { builtOn, head, resolution: { ...resolution, resolvedHead: null } }));
  return task;
};
