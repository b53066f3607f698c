import { remarkLatePush } from "../../messages/refusals/steps.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { type Sha, toTaskId, type TaskId } from "../../domain/ids.ts";
import { toTaskBranch, toTaskRef } from "../../domain/refs.ts";
import { findOpenConflict, isAwaitingAnswer, isHeldByPerson, type Step } from "../../domain/step.ts";
import { escapeSentence } from "../../messages/escape.ts";
import { renderHeadStatus } from "../../messages/status-text.ts";
import { openPull, updatePullText } from "../pull-texts.ts";
import { findCommentUrl } from "../run-links.ts";
import { toKeptBranchKey } from "../apply/save-refused.ts";
import type { DecisionReader, LedgerReader, StepWriter, RefWriter, EffectWriter } from "../decision-transaction.ts";
import { MINUTE_MS } from "../../domain/durations.ts";
import { replaceUnknown, UNKNOWN } from "../../domain/known.ts";

/** Opens a pull request for every published head and sets its status; closes those of cancelled and skipped steps with the reason. */
export const reconcilePulls = (tx: StepWriter & RefWriter & EffectWriter): void => {
  for (const execution of tx.executions()) {
    for (const step of tx.steps(execution.id)) {
      if (step.head) reconcileStepPull(tx, execution, step);
      if (step.landed && step.state === "done") recordLatePush(tx, execution, step);
      // The work turned out to be empty after its pull request was opened.
      else if (!step.head && step.pull !== null && (step.state === "done" || step.state === "waiting"))
        closeStepPull(tx, toTaskId(execution.id, step.id), step);
    }
    if (execution.state === "done") deleteLandedBranches(tx, execution);
  }
};

const reconcileStepPull = (tx: StepWriter & EffectWriter, execution: Execution, step: Step): void => {
  // The text and the end of a person's pull request are the person's.
  if (execution.landsPull && step.head)
    return ownsHeadStatus(tx, execution, step.head.sha) ? reportHeadStatus(tx, execution, { commit: step.head.sha, step }) : undefined;
  const task = toTaskId(execution.id, step.id);
  const planned = tx.planned(execution, step.id);
  if (!planned || !step.head) return;
  if (step.pull !== null) updatePullText(tx, { execution, step, planned });
  if (step.state === "cancelled" || step.state === "skipped") return closeStepPull(tx, task, step);
  if (step.pull === null && (step.state === "published" || step.state === "waiting")) openPull(tx, { execution, step, planned });
  reportHeadStatus(tx, execution, { commit: step.head.sha, step });
};

/**
 * Whether an execution reports the status of a shared head: the newest open execution reports the status; without an open execution, the
 * newest.
 */
const ownsHeadStatus = (tx: LedgerReader, execution: Execution, commit: Sha): boolean => {
  const all = tx.executions().filter(({ landsPull, steps }) => landsPull && Object.values(steps).some(({ head }) => head?.sha === commit));
  const open = all.filter((each) => !hasEnded(each));
  return (open.length > 0 ? open : all).toSorted((a, b) => a.createdAt - b.createdAt).at(-1)?.id === execution.id;
};

const closeStepPull = (tx: EffectWriter, task: TaskId, step: Step): void => {
  const pull = step.pull ?? findUnconfirmedPull(tx, task);
  if (pull !== null)
    tx.requestEffect({ kind: "close-pull", key: `close-pull:${pull}`, pull, comment: escapeSentence(step.refusal?.message ?? "", 1_000) });
};

/** The pull request of a step that was cancelled before its opening was confirmed; null if none was requested. */
const findUnconfirmedPull = (tx: DecisionReader, task: TaskId): number | null => {
  const trace = tx.effectRecord(`open-pull:${task}`);
  if (!trace || trace.refused || trace.digest !== null) return null;
  const pulls = replaceUnknown(tx.readFact<"pulls">({ kind: "pulls" }), []);
  return pulls.find((pull) => pull.headRef === toTaskBranch(task) && pull.state === "open")?.number ?? null;
};

const reportHeadStatus = (tx: EffectWriter, execution: Execution, { commit, step }: { commit: Sha; step: Step }): void => {
  // A landed step needs no status: GitHub marks its pull request as merged.
  const state = isAwaitingAnswer(step)
    ? null
    : isHeldByPerson(step) || findOpenConflict(step)
      ? "pending"
      : step.state === "waiting"
        ? "success"
        : step.state === "failed"
          ? "failure"
          : null;
  const url = findCommentUrl(tx, execution);
  if (state !== null)
    tx.requestEffect({ kind: "set-status", key: `set-status:${commit}`, commit, state, text: renderHeadStatus(step), url });
};

/** Reports a commit that was pushed to a task branch after its step landed. No step owns the commit, so the branch stays. */
const recordLatePush = (tx: StepWriter, execution: Execution, step: Step & { readonly state: "done" }): void => {
  const task = toTaskId(execution.id, step.id);
  const tip = tx.ref(toTaskRef(task));
  if (!step.head || tip === null || tip === step.head.sha || step.refusal !== null) return;
  tx.putStep(execution.id, { ...step, refusal: remarkLatePush(toTaskBranch(task), tip) });
  tx.note(`${task}: a person pushed ${tip.slice(0, 12)} after it landed`);
};

/** Milliseconds between two reads of whether GitHub marked pull requests as merged, and how long after the last landing they continue. */
const MERGED_MARK_PAUSE_MS = 5_000;
const MERGED_MARK_LIMIT_MS = 10 * MINUTE_MS;

/**
 * Deletes the branches of a finished execution once GitHub marked their pull requests as merged. An earlier deletion could leave them
 * closed instead.
 */
const deleteLandedBranches = (tx: RefWriter, execution: Execution): void => {
  const left = tx.steps(execution.id).filter((step) => {
    const ref = toTaskRef(toTaskId(execution.id, step.id));
    return step.landed && step.head && tx.ref(ref) === step.head.sha && !tx.effectRecord(toKeptBranchKey(ref));
  });
  const last = Math.max(0, ...left.map((step) => step.landed?.at ?? 0));
  if (left.length === 0 || tx.now > last + MERGED_MARK_LIMIT_MS) return;
  if (tx.now < last + MERGED_MARK_PAUSE_MS) return tx.wakeAt(last + MERGED_MARK_PAUSE_MS);
  const pulls = tx.readFact<"pulls">({ kind: "pulls" });
  if (pulls === UNKNOWN) return;
  const merged = new Set(pulls.filter(({ state }) => state === "merged").map(({ number }) => number));
  if (!left.every((step) => step.pull !== null && merged.has(step.pull))) return tx.wakeAt(tx.now + MERGED_MARK_PAUSE_MS);
  for (const step of left) tx.moveRef(toTaskRef(toTaskId(execution.id, step.id)), null);
  tx.note(`${execution.id}: branches of landed steps removed`);
};
