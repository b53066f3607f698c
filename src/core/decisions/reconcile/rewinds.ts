import { replaceHead } from "../../domain/step-lifecycle.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { type BranchName, type Sha, toTaskId } from "../../domain/ids.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import type { Queue } from "../../domain/queue.ts";
import { toCandidateRef, toTaskRef } from "../../domain/refs.ts";
import { findOpenConflict, type TaskHead, isAwaitingAnswer, type Step } from "../../domain/step.ts";
import { formatWorkMessage } from "../../messages/commit-messages.ts";
import { failStep } from "../apply/failing.ts";
import { endWithout } from "../apply/deliver.ts";
import { buildGround, isWaiting, liveBases, mergeOn } from "../bases.ts";
import type { Draft } from "../draft.ts";
import { agreedQueue, groundOf, guardAgainstRewind, isStranded } from "../rewinds.ts";
import { meetConflict } from "./resolving.ts";

/** Freezes bases that were rewound, before anything is decided on them. */
export const reconcileRewinds = (draft: Draft): void => {
  for (const base of liveBases(draft)) {
    const tip = draft.base(base);
    const queue = draft.queue(base);
    const next = tip === null ? queue : guarded(draft, base, tip);
    if (next === undefined) continue;
    if (next.frozen !== queue.frozen) draft.note(next.frozen ? `${base} was rewound` : `${base} goes on`);
    draft.putQueue(base, forgetful(draft, base, next));
  }
};

/** Where nothing of ours is on its way, a base may go back to any commit but behind what landed: there is nothing that could come back. */
const guarded = (draft: Draft, base: BranchName, tip: Sha): Queue | undefined => {
  const queue = draft.queue(base);
  const next = guardAgainstRewind(draft, queue, tip);
  if (next === undefined || next.frozen?.code !== "base-rewound" || queue.frozen || hasWork(draft, base)) return next;
  const stays =
    queue.landedTip === null || queue.landedTip === tip || draft.ask<"contains">({ kind: "contains", commit: queue.landedTip, tip });
  return stays === undefined ? undefined : stays ? agreedQueue(next, tip) : next;
};

const hasWork = (draft: Draft, base: BranchName): boolean =>
  draft.queue(base).items.length > 0 ||
  draft
    .executions()
    .some(
      (each) =>
        each.baseBranch === base && !hasEnded(each) && draft.steps(each.id).some(({ state, head }) => state === "running" || head !== null),
    );

/** Lost tips are forgotten once nothing is left that may have been made on one of them. */
const forgetful = (draft: Draft, base: BranchName, queue: Queue): Queue => {
  if (!queue.abandonedTips || draft.executions().some((each) => each.baseBranch === base && (!hasEnded(each) || each.state === "failed")))
    return queue;
  const { abandonedTips: _, ...rest } = queue;
  return rest;
};

/** After a person agreed to a rewound base: carries each step's own changes from what the base lost to its present tip. */
export const reconcileStranded = (draft: Draft): void => {
  for (const { id, baseBranch, state } of draft.executions()) {
    const { abandonedTips = [], frozen } = draft.queue(baseBranch);
    if (state !== "running" || abandonedTips.length === 0 || frozen?.code === "base-rewound") continue;
    for (const step of draft.steps(id)) {
      // What was carried before it is what it is built on now.
      const execution = draft.execution(id);
      if (execution && step.head && isCarried(execution, step) && isStranded(draft, baseBranch, step) === true)
        carryOwn(draft, { execution, step, head: step.head });
    }
  }
};

/** What is published, and what the next attempt builds on: a person's commits, and in a workflow its own. A job that runs is carried by its result. */
const isCarried = ({ workflow }: Execution, step: Step): boolean => {
  if (isPublished(step)) return !isAwaitingAnswer(step);
  return (step.state === "ready" || step.state === "pending") && (step.head?.by === "person" || workflow !== undefined);
};

type Carrying = { readonly execution: Execution; readonly step: Step; readonly head: TaskHead };

const carryOwn = (draft: Draft, of: Carrying): void => {
  const { execution, step } = of;
  const planned = draft.planned(execution, step.id);
  const tip = draft.base(execution.baseBranch);
  if (!planned || tip === null || isBeingMet(step, tip)) return;
  const from = ownFrom(draft, of);
  const built = buildGround(draft, execution, planned);
  if (from === undefined || !built || isWaiting(built)) return;
  if (from === null) return entangled(draft, of);
  if ("why" in built) return failStep(draft, { execution, step, why: built.why, log: "" });
  const message = formatWorkMessage({ execution, step: planned, suffix: draft.snapshot.config.git.commitSuffix });
  const carried = draft.ask<"rebase-commits">({ kind: "rebase-commits", head: of.head.sha, forkPoint: from, onto: built.commit, message });
  if (carried) take(draft, of, { carried, from, tip, on: built.on });
};

type Taken = { readonly carried: QueryAnswers["rebase-commits"]; readonly from: Sha; readonly tip: Sha; readonly on: Step["builtOn"] };

const take = (draft: Draft, of: Carrying, { carried, from, tip, on }: Taken): void => {
  switch (carried.kind) {
    case "commit":
      return moveTo(draft, of, { commit: carried.commit, base: tip, on });
    case "unchanged":
      return nothingLeft(draft, of);
    case "conflict":
      return conflicts(draft, of, { from, onto: tip, alone: on.length === 0 });
  }
};

/** True while its conflict with this tip is being resolved: a try that runs goes on, whatever lands meanwhile. */
const isBeingMet = (step: Step, tip: Sha): boolean => {
  const known = findOpenConflict(step);
  return known?.forkPoint !== undefined && (known.deadline !== null || known.onto === tip);
};

const isPublished = ({ state }: Step): boolean => state === "published" || state === "waiting";

type Carried = { readonly commit: Sha; readonly base: Sha; readonly on: Step["builtOn"] };

const moveTo = (draft: Draft, { execution, step, head }: Carrying, { commit, base, on }: Carried): void => {
  const task = toTaskId(execution.id, step.id);
  draft.move(toTaskRef(task), commit);
  // What a person pushed is not lost, though its branch has it no more.
  if (head.by === "person") draft.keep(head.sha);
  const change = { head: { sha: commit, since: draft.now, by: head.by, baseTip: base }, builtOn: on };
  draft.putStep(execution.id, isPublished(step) ? replaceHead(step, change) : { ...step, ...change });
  draft.note(`${task}: its own changes are carried to ${base.slice(0, 12)} as ${commit.slice(0, 12)}`);
};

/** The commit from which a head's own changes are counted: what it was made on, with the heads that it is built on. Null where nobody can tell. */
const ownFrom = (draft: Draft, { execution, step, head }: Carrying) => {
  const ground = groundOf(draft, execution.baseBranch, head);
  if (!ground) return ground;
  const task = toTaskId(execution.id, step.id);
  const from = mergeOn(
    draft,
    ground,
    step.builtOn.filter((each) => each.task !== task),
  );
  return typeof from === "string" || from === undefined ? from : null;
};

const entangled = (draft: Draft, { execution, step }: Carrying): void => {
  const task = toTaskId(execution.id, step.id);
  const why = `\`${execution.baseBranch}\` was rewound, and Enki cannot separate the step's own changes from the commits that it was built on. Only a person can untangle them.`;
  failStep(draft, { execution, step, why: { code: "stale-base", message: why, next: `/enki retry ${task}` }, log: "" });
};

const nothingLeft = (draft: Draft, { execution, step }: Carrying): void => {
  const remark = `\`${execution.baseBranch}\` was rewound, and its new tip already contains the step's own changes, so there is nothing to land.`;
  endWithout(draft, { execution, step: { ...step, head: null, builtOn: [], deadline: null }, remark });
};

type Met = { readonly from: string; readonly onto: string; readonly alone: boolean };

/** A conflict is resolved like any other once what the step is built on has landed; in a workflow, which lands at its end only, the step is done again. */
const conflicts = (draft: Draft, { execution, step, head }: Carrying, { from, onto, alone }: Met): void => {
  const task = toTaskId(execution.id, step.id);
  if (alone && isPublished(step)) {
    publishFrom(draft, execution.baseBranch, { from, ground: head.baseTip });
    return meetConflict(draft, { task, head: head.sha, onto, forkPoint: from });
  }
  if (!execution.workflow) return;
  const why = `\`${execution.baseBranch}\` was rewound, and the step's own changes conflict with its new tip.`;
  failStep(draft, { execution, step, why: { code: "work-conflict", message: why, next: `/enki retry ${task}` }, log: "" });
};

/** The job that resolves it needs that commit, which no branch may have. */
const publishFrom = (draft: Draft, base: BranchName, { from, ground }: { from: string; ground: string | undefined }): void => {
  const ref = toCandidateRef(base, from);
  if (from !== ground && draft.ref(ref) !== from) draft.move(ref, from);
};
