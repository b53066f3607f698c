import { refuse, type Refusal } from "../../domain/refusal.ts";

export const UNSEEN_PULL_REFUSAL: Refusal = refuse("pull-unseen", "GitHub does not list its pull request yet.").refusal;

export const PAUSED_REFUSAL: Refusal = refuse("paused", "Its execution is paused.").refusal;

export const NO_APPROVAL_REFUSAL: Refusal = refuse("checkpoint", "Nobody has approved this head yet.").refusal;

export const refuseOtherBase = (at: string, bases: { pull: string; execution: string }, cancel: string): Refusal =>
  refuse(
    "retargeted",
    `A person changed the base of ${at} to \`${bases.pull}\`, so it no longer lands on \`${bases.execution}\`. Change the base back, or cancel the step.`,
    cancel,
  ).refusal;

export const refusePullClosedByPerson = (at: string, cancel: string): Refusal =>
  refuse("pull-closed", `A person closed ${at}, so its work waits. Reopen it, or cancel the step.`, cancel).refusal;

export const refuseDraft = (at: string): Refusal =>
  refuse("draft", `${at} is a draft. Mark it as ready for review to let it land.`, at).refusal;

export const refuseHeldLabel = (at: string, label: string): Refusal =>
  refuse("hold", `${at} has the label \`${label}\`. Remove the label to let it land.`, at).refusal;

export const UNAPPROVED_REFUSAL: Refusal = refuse(
  "checkpoint",
  "A person with write permission has not approved this head yet.",
  "approve the pull request",
).refusal;

export const HASTY_REVIEW_REFUSAL: Refusal = refuse(
  "hasty-review",
  "The approval was given in the second in which this head appeared, so it may be for an older head. Approve it again.",
  "approve the pull request",
).refusal;

export const refuseWantedChanges = (by: string): Refusal =>
  refuse(
    "changes-requested",
    `${by} requested changes, and the next attempt left this head unchanged. Approve it, dismiss that review, or explain what is missing.`,
  ).refusal;

export const refuseMissingReviews = (there: number, needed: number): Refusal =>
  refuse(
    "unreviewed",
    `The rules of its base ask for ${needed} approving ${needed === 1 ? "review" : "reviews"} of this head; so far it has ${there === 0 ? "none" : there}.`,
  ).refusal;

export const UNKNOWN_PUSHER_REFUSAL: Refusal = refuse(
  "pusher-unknown",
  "GitHub does not show who pushed this head, so one approval is not enough.",
  "get a second approval",
).refusal;

export const refuseAlone = (who: string): Refusal =>
  refuse("self-approval", `It waits for an approval by someone other than ${who}.`, "ask another person to approve").refusal;
