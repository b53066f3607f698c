import { refuse, type Refusal } from "../../domain/refusal.ts";

export const IN_QUEUE_REFUSAL: Refusal = refuse("in-queue", "It is in GitHub's merge queue.", "/enki status").refusal;

export const refuseQueueRejection = (pull: number, reason: string): Refusal =>
  refuse("landing-refused", `GitHub's merge queue rejected #${pull}: ${reason}`, "/enki retry").refusal;

export const refuseOtherTree = (base: string, commits: { merge: string; verified: string }): Refusal =>
  refuse(
    "tree-differs",
    `GitHub merged ${commits.merge} into \`${base}\`, but its files are not those that were verified as ${commits.verified}. Look at it, and at the pull request that reverts it.`,
    "/enki retry",
  ).refusal;

export const refuseDeniedLanding = (base: string, reason: string): Refusal =>
  refuse("landing-refused", `GitHub does not let Enki land on \`${base}\`: ${reason}`, "/enki retry").refusal;

export const refuseMissingBase = (base: string): Refusal =>
  refuse("base-missing", `The branch \`${base}\` is gone.`, "/enki retry").refusal;

export const refuseRewoundBase = (tip: string): Refusal =>
  refuse(
    "base-rewound",
    `The base was rewound: it no longer contains ${tip}, the last commit that Enki saw on it. A retry carries only each step's own changes to the new tip.`,
    "/enki retry",
  ).refusal;

export const refuseCandidatePush = (base: string, text: string): Refusal =>
  refuse("not-allowed", `GitHub does not let Enki push a candidate for \`${base}\`: ${text}`, "/enki retry").refusal;

export const refuseBasePush = (base: string, text: string): Refusal =>
  refuse("not-allowed", `GitHub does not let Enki move \`${base}\`: ${text}`, "/enki retry").refusal;

export const refuseSidePull = (base: string, reason: string): Refusal =>
  refuse("not-allowed", `GitHub did not open the pull request that would land on \`${base}\`: ${reason}`, "/enki retry").refusal;
