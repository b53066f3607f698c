import { refuse, type Refusal, type RefusedResult } from "../../domain/refusal.ts";

export const refuseStepsForIdle = (id: string, state: string, next: string): Refusal =>
  refuse("not-running", `Execution \`${id}\` is ${state}, so it takes no more steps.`, next).refusal;

export const refuseSecondAddition = (id: string): Refusal =>
  refuse("already-adding", `Enki is already planning more steps for \`${id}\`.`, "/enki status").refusal;

export const refuseBadConfig = (fault: string): Refusal =>
  refuse("bad-config", `The configuration cannot be used: ${fault}.`, "fix it on the default branch").refusal;

export const refuseUnapprovedAddition = (id: string): Refusal =>
  refuse("already-adding", `Other new steps for \`${id}\` still wait for an approval.`, "/enki status").refusal;

export const refuseStepPull = (task: string): RefusedResult =>
  refuse(
    "step-pull",
    `This pull request belongs to the step \`${task}\`. Comment here with what should change, then retry the step.`,
    `/enki retry ${task}`,
  );

export const refuseBusyIssue = (id: string, state: string): Refusal =>
  refuse("already-running", `Execution \`${id}\` is ${state} on this issue.`, `/enki cancel ${id}`).refusal;

export const refuseRepeatedApproval = (by: string, state: string): Refusal =>
  refuse("already-approved", `That plan was approved by @\u200b${by} and is ${state}.`, "/enki status").refusal;

export const NO_OPEN_PLAN_REFUSAL: Refusal = refuse(
  "nothing-to-approve",
  "No plan is waiting for approval on this issue.",
  "/enki status",
).refusal;

export const refuseOtherPlan = (hash: string, plan: string): Refusal =>
  refuse("other-plan", `No proposed plan has the hash \`${hash}\`: it may have changed since you read it.`, `/enki approve ${plan}`)
    .refusal;

export const refuseApprovedExecution = (id: string): Refusal =>
  refuse("no-step", `\`${id}\` is an execution; only a step can be approved.`, "/enki status").refusal;

export const refuseApprovalWithoutReview = (task: string, next: string): Refusal =>
  refuse("review-needed", `\`${task}\` has a pull request. Approve it with a review there.`, next).refusal;

export const refuseApprovalOfQuestion = (task: string, next?: string): Refusal =>
  refuse("asked", `\`${task}\` waits for an answer, not for an approval.`, next).refusal;

export const refuseUnaskedApproval = (task: string, state: string): Refusal =>
  refuse("not-waiting", `\`${task}\` is ${state}, so it needs no approval now.`, "/enki status").refusal;

export const refuseOtherResult = (task: string, head: string, result: string): Refusal =>
  refuse("other-result", `The result of \`${task}\` is not \`${head}\`.`, `/enki approve ${task}@${result}`).refusal;

export const refuseRevisionOfNothing = (next: string): Refusal =>
  refuse("nothing-to-revise", "No plan is waiting for approval on this issue, and only a proposed plan can be revised.", next).refusal;

export const BEING_REVISED_REFUSAL: Refusal = refuse(
  "being-revised",
  "Enki is revising the plan. Approve the new plan when it appears, or the old one if the revision fails.",
  "/enki status",
).refusal;

export const OVERTAKEN_REFUSAL: Refusal = refuse("approved-before", "Somebody approved the plan before Enki revised it.").refusal;
