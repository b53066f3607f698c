import { refusePullPush } from "../../messages/pull-refusals.ts";
import { refuseBasePush } from "../../messages/refusals/queues.ts";
import { refuseBranchPush } from "../../messages/refusals/steps.ts";
import type { Event } from "../../domain/event.ts";
import { readTaskId, type RefName, type TaskId } from "../../domain/ids.ts";
import { toBranchRef, readCandidateRef, readPullHeadRef, readTaskRef, readTrialRef } from "../../domain/refs.ts";
import type { DecisionTransaction, StepWriter, EffectWriter } from "../decision-transaction.ts";
import { failStep } from "./fail-step.ts";
import { findStep } from "../find-step.ts";

/**
 * Handles a ref that GitHub does not let Enki move, so that the next save can leave the ref out: a task branch or a fork's head fails its
 * step, a base freezes its queue. A ref that moved is read again.
 */
export const applySaveRefused = (tx: DecisionTransaction, { ref, reason, text }: Extract<Event, { kind: "save-refused" }>): void => {
  if (reason === "moved") return;
  const task = readTaskRef(ref);
  if (task) return failRefusedBranch(tx, { ref, task, text });
  const pull = findStep(tx, readPullHeadRef(ref) ?? "");
  if (pull) {
    tx.dropMove(ref);
    return failStep(tx, { ...pull, refusal: refusePullPush(text), log: text });
  }
  // The queue is planned once more, to see whose work the commit holds.
  if (readCandidateRef(ref) || readTrialRef(ref)) return tx.refuseCandidate(ref, text);
  const base = Object.keys(tx.ledger().queues).find((each) => toBranchRef(each) === ref);
  if (base === undefined || tx.queue(base).frozen) return;
  // If pushing to the base is refused, pull requests merged by GitHub are the alternative.
  const queue = tx.queue(base);
  if (queue.pushRefusal === undefined && tx.snapshot.config.refinery.landing === "auto") {
    const { landingTerms: _, ...rest } = queue;
    tx.note(`${base} is no longer pushed: ${text}`);
    return tx.putQueue(base, { ...rest, pushRefusal: text });
  }
  tx.putQueue(base, { ...queue, frozen: refuseBasePush(base, text) });
  tx.note(`${base} refused: ${text}`);
};

/** The key of the record that GitHub does not allow the branch of a landed step to be deleted, so the branch stays. */
export const toKeptBranchKey = (ref: RefName): string => `keep-branch:${ref}`;

const failRefusedBranch = (tx: StepWriter & EffectWriter, { ref, task, text }: { ref: RefName; task: TaskId; text: string }): void => {
  const id = readTaskId(task);
  const execution = id && tx.execution(id.execution);
  const step = id && execution?.steps[id.step];
  if (!execution || !step) return;
  tx.note(`${task}: its branch was refused: ${text}`);
  if (step.landed) {
    const refused = { code: "not-allowed", reason: text };
    return tx.putEffectRecord(toKeptBranchKey(ref), { at: tx.now, attempts: 1, notBefore: 0, refused, number: null, digest: null });
  }
  if (step.state !== "running" && step.state !== "published" && step.state !== "waiting") return;
  const why = refuseBranchPush(text, task);
  failStep(tx, { execution, step, refusal: why, log: text });
};
