import { replaceHead } from "../../domain/step-lifecycle.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { type BranchName, type Sha, toTaskId } from "../../domain/ids.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import type { Queue } from "../../domain/queue.ts";
import { toCandidateRef, toTaskRef } from "../../domain/refs.ts";
import { findOpenConflict, type TaskHead, isAwaitingAnswer, type Step } from "../../domain/step.ts";
import { formatWorkMessage } from "../../messages/commit-messages.ts";
import { failStep } from "../apply/fail-step.ts";
import { endWithout } from "../apply/deliver-work.ts";
import { buildGround, isWaiting, liveBases, mergeOn } from "../step-base.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { agreedQueue, groundOf, guardAgainstRewind, isStranded } from "../base-rewinds.ts";
import { meetConflict } from "./conflicts.ts";

/** Freezes rewound bases before anything else is decided about them. */
export const reconcileRewinds = (tx: DecisionTransaction): void => {
  for (const base of liveBases(tx)) {
    const tip = tx.baseTip(base);
    const queue = tx.queue(base);
    const next = tip === null ? queue : guarded(tx, base, tip);
    if (next === undefined) continue;
    if (next.frozen !== queue.frozen) tx.note(next.frozen ? `${base} was rewound` : `${base} goes on`);
    tx.putQueue(base, forgetful(tx, base, next));
  }
};

/**
 * The queue with the tip that the base must keep. Without work in progress, a base may move back to any commit that contains all landed
 * work: nothing could return.
 */
const guarded = (tx: DecisionTransaction, base: BranchName, tip: Sha): Queue | undefined => {
  const queue = tx.queue(base);
  const next = guardAgainstRewind(tx, queue, tip);
  if (next === undefined || next.frozen?.code !== "base-rewound" || queue.frozen || hasWork(tx, base)) return next;
  const stays =
    queue.landedTip === null || queue.landedTip === tip || tx.readFact<"contains">({ kind: "contains", commit: queue.landedTip, tip });
  return stays === undefined ? undefined : stays ? agreedQueue(next, tip) : next;
};

const hasWork = (tx: DecisionTransaction, base: BranchName): boolean =>
  tx.queue(base).items.length > 0 ||
  tx
    .executions()
    .some(
      (each) =>
        each.baseBranch === base && !hasEnded(each) && tx.steps(each.id).some(({ state, head }) => state === "running" || head !== null),
    );

/** The queue without lost tips on which no remaining work was built. */
const forgetful = (tx: DecisionTransaction, base: BranchName, queue: Queue): Queue => {
  if (!queue.abandonedTips || tx.executions().some((each) => each.baseBranch === base && (!hasEnded(each) || each.state === "failed")))
    return queue;
  const { abandonedTips: _, ...rest } = queue;
  return rest;
};

/** Rebases each step's own changes from the lost commits to the current tip, after a person agreed to a rewound base. */
export const reconcileStranded = (tx: DecisionTransaction): void => {
  for (const { id, baseBranch, state } of tx.executions()) {
    const { abandonedTips = [], frozen } = tx.queue(baseBranch);
    if (state !== "running" || abandonedTips.length === 0 || frozen?.code === "base-rewound") continue;
    for (const step of tx.steps(id)) {
      // Read the execution again: steps rebased earlier in this loop are what later steps build on.
      const execution = tx.execution(id);
      if (execution && step.head && isCarried(execution, step) && isStranded(tx, baseBranch, step) === true)
        carryOwn(tx, { execution, step, head: step.head });
    }
  }
};

/**
 * Whether a step is rebased: published work, and work that the next attempt builds on (a person's commits, or in a workflow its own). The
 * result of a running job is rebased when it arrives.
 */
const isCarried = ({ workflow }: Execution, step: Step): boolean => {
  if (isPublished(step)) return !isAwaitingAnswer(step);
  return (step.state === "ready" || step.state === "pending") && (step.head?.by === "person" || workflow !== undefined);
};

type Carrying = { readonly execution: Execution; readonly step: Step; readonly head: TaskHead };

const carryOwn = (tx: DecisionTransaction, of: Carrying): void => {
  const { execution, step } = of;
  const planned = tx.planned(execution, step.id);
  const tip = tx.baseTip(execution.baseBranch);
  if (!planned || tip === null || isBeingMet(step, tip)) return;
  const from = ownFrom(tx, of);
  const built = buildGround(tx, execution, planned);
  if (from === undefined || !built || isWaiting(built)) return;
  if (from === null) return entangled(tx, of);
  if ("why" in built) return failStep(tx, { execution, step, why: built.why, log: "" });
  const message = formatWorkMessage({ execution, step: planned, suffix: tx.snapshot.config.git.commitSuffix });
  const carried = tx.readFact<"rebase-commits">({
    kind: "rebase-commits",
    head: of.head.sha,
    forkPoint: from,
    onto: built.commit,
    message,
  });
  if (carried) take(tx, of, { carried, from, tip, on: built.on });
};

type Taken = { readonly carried: QueryAnswers["rebase-commits"]; readonly from: Sha; readonly tip: Sha; readonly on: Step["builtOn"] };

const take = (tx: DecisionTransaction, of: Carrying, { carried, from, tip, on }: Taken): void => {
  switch (carried.kind) {
    case "commit":
      return moveTo(tx, of, { commit: carried.commit, base: tip, on });
    case "unchanged":
      return nothingLeft(tx, of);
    case "conflict":
      return conflicts(tx, of, { from, onto: tip, alone: on.length === 0 });
  }
};

/** Whether the conflict with this tip is being resolved: a running attempt continues even if more work lands. */
const isBeingMet = (step: Step, tip: Sha): boolean => {
  const known = findOpenConflict(step);
  return known?.forkPoint !== undefined && (known.deadline !== null || known.onto === tip);
};

const isPublished = ({ state }: Step): boolean => state === "published" || state === "waiting";

type Carried = { readonly commit: Sha; readonly base: Sha; readonly on: Step["builtOn"] };

const moveTo = (tx: DecisionTransaction, { execution, step, head }: Carrying, { commit, base, on }: Carried): void => {
  const task = toTaskId(execution.id, step.id);
  tx.moveRef(toTaskRef(task), commit);
  // Retain a person's commits, because the branch no longer contains them.
  if (head.by === "person") tx.retainResult(head.sha);
  const change = { head: { sha: commit, since: tx.now, by: head.by, baseTip: base }, builtOn: on };
  tx.putStep(execution.id, isPublished(step) ? replaceHead(step, change) : { ...step, ...change });
  tx.note(`${task}: its own changes are carried to ${base.slice(0, 12)} as ${commit.slice(0, 12)}`);
};

/** The commit after which a head's own changes start: its base tip with the heads that it builds on merged in. Null if that is unknown. */
const ownFrom = (tx: DecisionTransaction, { execution, step, head }: Carrying) => {
  const ground = groundOf(tx, execution.baseBranch, head);
  if (!ground) return ground;
  const task = toTaskId(execution.id, step.id);
  const from = mergeOn(
    tx,
    ground,
    step.builtOn.filter((each) => each.task !== task),
  );
  return typeof from === "string" || from === undefined ? from : null;
};

const entangled = (tx: DecisionTransaction, { execution, step }: Carrying): void => {
  const task = toTaskId(execution.id, step.id);
  const why = `\`${execution.baseBranch}\` was rewound, and Enki cannot separate the step's own changes from the commits that it was built on. Only a person can untangle them.`;
  failStep(tx, { execution, step, why: { code: "stale-base", message: why, next: `/enki retry ${task}` }, log: "" });
};

const nothingLeft = (tx: DecisionTransaction, { execution, step }: Carrying): void => {
  const remark = `\`${execution.baseBranch}\` was rewound, and its new tip already contains the step's own changes, so there is nothing to land.`;
  endWithout(tx, { execution, step: { ...step, head: null, builtOn: [], deadline: null }, remark });
};

type Met = { readonly from: string; readonly onto: string; readonly alone: boolean };

/**
 * Resolves a conflict like any other once the heads that the step builds on have landed. In a workflow, which lands only at its end, the
 * step starts again instead.
 */
const conflicts = (tx: DecisionTransaction, { execution, step, head }: Carrying, { from, onto, alone }: Met): void => {
  const task = toTaskId(execution.id, step.id);
  if (alone && isPublished(step)) {
    publishFrom(tx, execution.baseBranch, { from, ground: head.baseTip });
    return meetConflict(tx, { task, head: head.sha, onto, forkPoint: from });
  }
  if (!execution.workflow) return;
  const why = `\`${execution.baseBranch}\` was rewound, and the step's own changes conflict with its new tip.`;
  failStep(tx, { execution, step, why: { code: "work-conflict", message: why, next: `/enki retry ${task}` }, log: "" });
};

/** Publishes the fork point, which may be on no branch, for the job that resolves the conflict. */
const publishFrom = (tx: DecisionTransaction, base: BranchName, { from, ground }: { from: string; ground: string | undefined }): void => {
  const ref = toCandidateRef(base, from);
  if (from !== ground && tx.ref(ref) !== from) tx.moveRef(ref, from);
};
