import type { Sha, TaskId } from "../domain/ids.ts";
import { refuse, type Refusal } from "../domain/refusal.ts";

/** Why `/enki land` and `/enki unland` are refused, and why a pull request leaves the queue. */
export const NOT_A_PULL = refuse("not-a-pull", "Only a pull request can be put into the queue.", "/enki fix <what to do>").refusal;
export const NOT_QUEUED = refuse("not-queued", "This pull request is not in the queue.", "/enki land").refusal;
export const ALREADY_QUEUED = refuse("already-queued", "This head is in the queue already.", "/enki status").refusal;

export const refuseUnseenPull = (pull: number): Refusal =>
  refuse("pull-unseen", `GitHub does not list #${pull} yet. Try again in a moment.`, "/enki land").refusal;

export const refuseHeadUnseen = (pull: number): Refusal =>
  refuse("head-unseen", `GitHub does not show the head of #${pull}. Try again in a moment.`, "/enki land").refusal;

export const refuseEndedPull = (state: "closed" | "merged"): Refusal =>
  refuse(
    "pull-over",
    `This pull request is ${state}, so there is nothing to land.`,
    state === "closed" ? "reopen it, then comment /enki land" : "",
  ).refusal;

export const refuseEnkiPull = (task: TaskId): Refusal =>
  refuse("own-pull", `This pull request belongs to the step \`${task}\`, which lands by itself once it is verified.`, "/enki status")
    .refusal;

export const DRAFT = refuse("draft", "This pull request is a draft.", "mark it as ready for review, then comment /enki land").refusal;

export const refuseOtherHead = ({ wanted, head }: { wanted: string; head: Sha }): Refusal =>
  refuse("other-head", `The head is \`${head.slice(0, 12)}\`, not \`${wanted}\`.`, `/enki land ${head.slice(0, 12)}`).refusal;

export const refuseChangedHead = (head: Sha): Refusal =>
  refuse("head-changed", `The head is \`${head.slice(0, 12)}\` now, and nobody asked to land that commit.`, "/enki land").refusal;

export const refuseMergedElsewhere = (head: Sha): Refusal =>
  refuse("pull-over", `A person merged this pull request at another head, \`${head.slice(0, 12)}\`.`, "").refusal;

export const CLOSED = refuse("pull-closed", "This pull request was closed.", "reopen it, then comment /enki land").refusal;

export const refuseDeletedBranch = (branch: string): Refusal =>
  refuse("branch-gone", `The branch \`${branch}\` was deleted.`, "push it again, then comment /enki land").refusal;

export const refuseRetargetedPull = (base: string): Refusal =>
  refuse("retargeted", `The base of this pull request was changed to \`${base}\`.`, "/enki land").refusal;

export const refuseConflictingPull = (base: string): Refusal =>
  refuse(
    "pull-conflict",
    `The head conflicts with \`${base}\`, and Enki does not change people's branches.`,
    `merge \`${base}\` into the branch, then comment /enki land`,
  ).refusal;

export const refuseStrandedPull = (base: string): Refusal =>
  refuse(
    "pull-stranded",
    `The head contains commits that \`${base}\` lost, and a landing would bring them back.`,
    "rebase the branch, then comment /enki land",
  ).refusal;

export const refuseBlockedPull = (by: string): Refusal =>
  refuse("changes-requested", `${by} requested changes. Nothing lands until that review is dismissed or replaced by an approval.`).refusal;

export const refusePullPush = (text: string): Refusal =>
  refuse("push-refused", `GitHub does not let Enki push this pull request's work: ${text}`, "/enki land").refusal;

/** Commands that would let an agent work on a person's pull request. */
export const NO_WORK_ON_PULL = refuse("person-pull", "Enki lands this pull request, but never works on its branch.", "/enki land").refusal;
