import { refuse, type Refusal, type RefusedResult } from "../../domain/refusal.ts";

export const refuseUnlistedPull = (pull: number): RefusedResult =>
  refuse("pull-unseen", `GitHub does not list #${pull} yet. Try again in a moment.`, "");

export const refuseClosedPull = (pull: number, ended: string): RefusedResult =>
  refuse("pull-over", `#${pull} is ${ended}, so nothing more can land on its branch.`, "comment on an issue or on an open pull request");

export const refuseForkPull = (pull: number, ref: string): RefusedResult =>
  refuse(
    "fork-pull",
    `#${pull} comes from a fork, as \`${ref}\`. Enki can push only to branches in this repository.`,
    "push that branch to this repository and open a pull request from it, or comment on an issue",
  );

export const refuseOwnBranch = (branch: string): RefusedResult =>
  refuse("own-branch", `\`${branch}\` is one of Enki's own branches, which only Enki updates.`, "comment on the issue that it belongs to");

export const refuseReplacedHead = (by: string): Refusal => refuse("replaced", `${by} put a newer head into the queue.`, "").refusal;

export const refuseUnlandedPull = (by: string): Refusal =>
  refuse("unlanded", `@\u200b${by} took it out of the queue.`, "/enki land").refusal;

export const refuseWhileClosed = (pull: number, base: string, execution: string): Refusal =>
  refuse(
    "pull-closed",
    `#${pull} was closed, so nothing starts or lands on \`${base}\` until somebody reopens it.`,
    `/enki resume ${execution}`,
  ).refusal;

export const refuseEndedPull = (pull: number, state: string, base: string): Refusal =>
  refuse("pull-over", `#${pull} was ${state}, so Enki cancelled the work that has not landed on \`${base}\`.`, "/enki fix <what to do>")
    .refusal;
