import { refuseConflictAfterRewind, refuseEntangledWork } from "../../messages/refusals/steps.ts";
import { replaceHead } from "../../domain/step-lifecycle.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { type BranchName, type Sha, toTaskId } from "../../domain/ids.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import type { Queue } from "../../domain/queue.ts";
import { toCandidateRef, toTaskRef } from "../../domain/refs.ts";
import { findOpenConflict, type TaskHead, isAwaitingAnswer, type Step } from "../../domain/step.ts";
import { formatWorkMessage } from "../../messages/commit-messages.ts";
import { refuseStrandedPull } from "../../messages/pull-refusals.ts";
import { failStep } from "../apply/fail-step.ts";
import { completeWithoutChanges } from "../apply/deliver-work.ts";
import { buildWithoutOwnHead, isWaitingForBase, listActiveBases, mergeHeads } from "../step-base.ts";
import type { DecisionReader, LedgerReader, StepWriter, QueueWriter, RefWriter } from "../decision-transaction.ts";
import { withAcceptedTip, findHeadBaseTip, withRewindFreeze, isStrandedHead } from "../base-rewinds.ts";
import { recordConflict } from "./conflicts.ts";
import { type Known, mapKnown, UNKNOWN } from "../../domain/known.ts";

/** Freezes rewound bases before anything else is decided about them. */
export const reconcileRewinds = (tx: QueueWriter): void => {
  for (const base of listActiveBases(tx)) {
    const tip = tx.baseTip(base);
    const queue = tx.queue(base);
    const next = tip === null ? queue : checkForRewind(tx, base, tip);
    if (next === UNKNOWN) continue;
    if (next.frozen !== queue.frozen) tx.note(next.frozen ? `${base} was rewound` : `${base} continues`);
    tx.putQueue(base, withoutOldTips(tx, base, next));
  }
};

/**
 * The queue with the tip that the base must keep. Without work in progress, a base may move back to any commit that contains all landed
 * work: nothing could return.
 */
const checkForRewind = (tx: DecisionReader, base: BranchName, tip: Sha): Known<Queue> => {
  const queue = tx.queue(base);
  const next = withRewindFreeze(tx, queue, tip);
  if (next === UNKNOWN || next.frozen?.code !== "base-rewound" || queue.frozen || hasOpenWork(tx, base)) return next;
  const stays =
    queue.landedTip === null || queue.landedTip === tip || tx.readFact<"contains">({ kind: "contains", commit: queue.landedTip, tip });
  return mapKnown(stays, (kept) => (kept ? withAcceptedTip(next, tip) : next));
};

const hasOpenWork = (tx: LedgerReader, base: BranchName): boolean =>
  tx.queue(base).items.length > 0 ||
  tx
    .executions()
    .some(
      (each) =>
        each.baseBranch === base && !hasEnded(each) && tx.steps(each.id).some(({ state, head }) => state === "running" || head !== null),
    );

/** The queue without lost tips on which no remaining work was built. */
const withoutOldTips = (tx: LedgerReader, base: BranchName, queue: Queue): Queue => {
  if (!queue.abandonedTips || tx.executions().some((each) => each.baseBranch === base && (!hasEnded(each) || each.state === "failed")))
    return queue;
  const { abandonedTips: _, ...rest } = queue;
  return rest;
};

/** After a person accepts a rewound base, rebases each step's own changes from the lost commits onto the current tip. */
export const reconcileStrandedWork = (tx: StepWriter & RefWriter): void => {
  for (const { id, baseBranch, state } of tx.executions()) {
    const { abandonedTips = [], frozen } = tx.queue(baseBranch);
    if (state !== "running" || abandonedTips.length === 0 || frozen?.code === "base-rewound") continue;
    for (const step of tx.steps(id)) {
      // Read the execution again: steps rebased earlier in this loop are what later steps build on.
      const execution = tx.execution(id);
      if (execution && step.head && isRebasable(execution, step) && isStrandedHead(tx, baseBranch, step) === true)
        rebaseOwnChanges(tx, { execution, step, head: step.head });
    }
  }
};

/**
 * Whether a step is rebased: published work, and work that the next attempt builds on (a person's commits, or in a workflow its own). The
 * result of a running job is rebased when it arrives.
 */
const isRebasable = ({ workflow }: Execution, step: Step): boolean => {
  if (isPublishedStep(step)) return !isAwaitingAnswer(step);
  return (step.state === "ready" || step.state === "pending") && (step.head?.by === "person" || workflow !== undefined);
};

type StrandedWork = { readonly execution: Execution; readonly step: Step; readonly head: TaskHead };

const rebaseOwnChanges = (tx: StepWriter & RefWriter, of: StrandedWork): void => {
  const { execution, step } = of;
  if (execution.landsPull) return failStep(tx, { ...of, refusal: refuseStrandedPull(execution.baseBranch), log: "" });
  const planned = tx.planned(execution, step.id);
  const tip = tx.baseTip(execution.baseBranch);
  if (!planned || tip === null || isConflictKnown(step, tip)) return;
  const from = findOwnForkPoint(tx, of);
  const built = buildWithoutOwnHead(tx, execution, planned);
  if (from === UNKNOWN || built === UNKNOWN || isWaitingForBase(built)) return;
  if (from === null) return failEntangled(tx, of);
  if ("refusal" in built) return failStep(tx, { execution, step, refusal: built.refusal, log: "" });
  const message = formatWorkMessage({ execution, step: planned, suffix: tx.snapshot.config.git.commitSuffix });
  const carried = tx.readFact<"rebase-commits">({
    kind: "rebase-commits",
    head: of.head.sha,
    forkPoint: from,
    onto: built.commit,
    message,
  });
  if (carried !== UNKNOWN) applyStrandedRebase(tx, of, { rebase: carried, forkPoint: from, tip, builtOn: built.builtOn });
};

type StrandedRebase = {
  readonly rebase: QueryAnswers["rebase-commits"];
  readonly forkPoint: Sha;
  readonly tip: Sha;
  readonly builtOn: Step["builtOn"];
};

const applyStrandedRebase = (tx: StepWriter & RefWriter, of: StrandedWork, { rebase, forkPoint, tip, builtOn }: StrandedRebase): void => {
  switch (rebase.kind) {
    case "commit":
      return publishRecoveredHead(tx, of, { commit: rebase.commit, baseTip: tip, builtOn });
    case "unchanged":
      return endWithoutOwnChanges(tx, of);
    case "conflict":
      return handleRebaseConflict(tx, of, { forkPoint, onto: tip, isUnstacked: builtOn.length === 0 });
  }
};

/** Whether the conflict with this tip is being resolved: a running attempt continues even if more work lands. */
const isConflictKnown = (step: Step, tip: Sha): boolean => {
  const known = findOpenConflict(step);
  return known?.forkPoint !== undefined && (known.deadline !== null || known.onto === tip);
};

const isPublishedStep = ({ state }: Step): boolean => state === "published" || state === "waiting";

type RecoveredHead = { readonly commit: Sha; readonly baseTip: Sha; readonly builtOn: Step["builtOn"] };

const publishRecoveredHead = (
  tx: StepWriter & RefWriter,
  { execution, step, head }: StrandedWork,
  { commit, baseTip, builtOn }: RecoveredHead,
): void => {
  const task = toTaskId(execution.id, step.id);
  tx.moveRef(toTaskRef(task), commit);
  // Retain a person's commits, because the branch no longer contains them.
  if (head.by === "person") tx.retainResult(head.sha);
  const change = { head: { sha: commit, since: tx.now, by: head.by, baseTip }, builtOn };
  tx.putStep(execution.id, isPublishedStep(step) ? replaceHead(step, change) : { ...step, ...change });
  tx.note(`${task}: its own changes are carried to ${baseTip.slice(0, 12)} as ${commit.slice(0, 12)}`);
};

/**
 * The commit after which a head's own changes start: its base tip with the heads that it builds on merged in. Returns null for an unknown
 * fork point.
 */
const findOwnForkPoint = (tx: DecisionReader, { execution, step, head }: StrandedWork): Known<Sha | null> => {
  const ground = findHeadBaseTip(tx, execution.baseBranch, head);
  if (ground === UNKNOWN || ground === null) return ground;
  const task = toTaskId(execution.id, step.id);
  const from = mergeHeads(
    tx,
    ground,
    step.builtOn.filter((each) => each.task !== task),
  );
  return typeof from === "string" || from === UNKNOWN ? from : null;
};

const failEntangled = (tx: StepWriter, { execution, step }: StrandedWork): void => {
  const task = toTaskId(execution.id, step.id);
  failStep(tx, { execution, step, refusal: refuseEntangledWork(task, execution.baseBranch), log: "" });
};

const endWithoutOwnChanges = (tx: StepWriter, { execution, step }: StrandedWork): void => {
  const remark = `\`${execution.baseBranch}\` was rewound, and its new tip already contains the step's own changes, so there is nothing to land.`;
  completeWithoutChanges(tx, { execution, step: { ...step, head: null, builtOn: [] }, remark });
};

type RewindConflict = { readonly forkPoint: string; readonly onto: string; readonly isUnstacked: boolean };

/**
 * Resolves a conflict like any other once the heads that the step builds on have landed. In a workflow, which lands only at its end, the
 * step starts again instead.
 */
const handleRebaseConflict = (
  tx: StepWriter & RefWriter,
  { execution, step, head }: StrandedWork,
  { forkPoint, onto, isUnstacked }: RewindConflict,
): void => {
  const task = toTaskId(execution.id, step.id);
  if (isUnstacked && isPublishedStep(step)) {
    publishForkPoint(tx, execution.baseBranch, { from: forkPoint, ground: head.baseTip });
    return recordConflict(tx, { task, head: head.sha, onto, forkPoint });
  }
  if (!execution.workflow) return;
  failStep(tx, { execution, step, refusal: refuseConflictAfterRewind(task, execution.baseBranch), log: "" });
};

/** Publishes the fork point, which may be on no branch, for the job that resolves the conflict. */
const publishForkPoint = (tx: RefWriter, base: BranchName, { from, ground }: { from: string; ground: string | undefined }): void => {
  const ref = toCandidateRef(base, from);
  if (from !== ground && tx.ref(ref) !== from) tx.moveRef(ref, from);
};
