import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseUncheckedResult = (next: string): Refusal =>
  refuse("checkpoint", "Steps that need this one wait until a person approves its result.", next).refusal;

export const refusePullRequest = (reason: string): Refusal =>
  refuse("pull-refused", `GitHub did not open its pull request: ${reason}`, "/enki retry").refusal;

export const refuseFaultyWork = (faults: number, reason: string, task: string): Refusal =>
  refuse("work-faults", `Its job failed ${faults} times: ${reason}`, `/enki retry ${task}`).refusal;

export const refuseMissingQuestion = (task: string): Refusal =>
  refuse("work-asked", "It ended with a question, but left none.", `/enki retry ${task}`).refusal;

export const refuseBranchPush = (reason: string, task: string): Refusal =>
  refuse("push-refused", `GitHub does not let Enki push its branch: ${reason}`, `/enki retry ${task}`).refusal;

export const refuseLostBranch = (task: string): Refusal =>
  refuse("branch-lost", "Its branch was deleted before it landed, and its commit is gone.", `/enki retry ${task}`).refusal;

export const refuseResetBranch = (task: string): Refusal =>
  refuse("branch-lost", "A person reset its branch to a commit without the step's own work.", `/enki retry ${task}`).refusal;

export const refuseEarlyLanding = (task: string): Refusal => refuse("held", `It lands after \`${task}\`.`, "").refusal;

export const refuseCancelledNeed = (task: string): Refusal =>
  refuse("cancelled", `It needs \`${task}\`, which was cancelled.`, "/enki fix <what to do>").refusal;

export const refuseFailedNeed = (task: string, next: string): Refusal =>
  refuse("blocked", `It needs \`${task}\`, which did not reach the required state.`, next).refusal;

export const refuseAbsentNeed = (task: string, kind: string): Refusal =>
  refuse("blocked", `It needs \`${task}\`, and there is no such ${kind}.`, "/enki status").refusal;

export const ALL_CANCELLED_REFUSAL: Refusal = refuse("cancelled", "All of its steps were cancelled.", "/enki fix <what to do>").refusal;

export const refuseBlockedExecution = (id: string): Refusal => refuse("blocked", "Steps are blocked.", `/enki retry ${id}`).refusal;

export const ABANDONED_ROUND_REFUSAL: Refusal = refuse("given-up", "The loop started again without this step.", "").refusal;

export const refuseWorkWithoutBase = (base: string, task: string): Refusal =>
  refuse("base-missing", `The branch \`${base}\` is gone.`, `/enki retry ${task}`).refusal;

export const refuseRewoundWork = (base: string): Refusal => refuse("base-waits", `\`${base}\` was rewound.`, "").refusal;

export const refuseBaseConflict = (task: string, other: string, place: { base: string; paths: readonly string[] }): Refusal =>
  refuse(
    "base-conflict",
    `It builds on \`${other}\`, which conflicts with \`${place.base}\` or with another step that it builds on, in ${place.paths.slice(0, 5).join(", ")}.`,
    `/enki retry ${task}`,
  ).refusal;

export const refuseConflictingWork = (task: string, paths: readonly string[]): Refusal =>
  refuse("work-conflict", `It conflicts with its branch or its base in ${paths.slice(0, 5).join(", ")}.`, `/enki retry ${task}`).refusal;

export const refuseConflictAfterRewind = (task: string, base: string): Refusal =>
  refuse("work-conflict", `\`${base}\` was rewound, and the step's own changes conflict with its new tip.`, `/enki retry ${task}`).refusal;

export const refuseEntangledWork = (task: string, base: string): Refusal =>
  refuse(
    "stale-base",
    `\`${base}\` was rewound, and Enki cannot separate the step's own changes from the commits that it was built on. Only a person can untangle them.`,
    `/enki retry ${task}`,
  ).refusal;

export const refuseEndedWork = (task: string, end: "failed" | "cancelled" | "refused", given: string): Refusal => {
  const reason = given || `the job ended as ${end}`;
  switch (end) {
    case "failed":
      return refuse("work-failed", reason, `/enki retry ${task}`).refusal;
    case "cancelled":
      return refuse("work-cancelled", reason, `/enki retry ${task}`).refusal;
    case "refused":
      return refuse("work-refused", reason, `/enki retry ${task}`).refusal;
  }
};

/** A remark about a commit that was pushed to the step's branch after the step landed. */
export const remarkLatePush = (branch: string, tip: string): Refusal =>
  refuse("remark", `A person moved \`${branch}\` to ${tip.slice(0, 12)} after it landed: that has not landed, and the branch is kept.`, "")
    .refusal;
