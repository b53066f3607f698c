import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseGoneLanding = (by: string): Refusal =>
  refuse(
    "approval-gone",
    `The \`/enki land\` by ${by} no longer counts: the comment was deleted or edited, or its author may no longer approve.`,
    "/enki unland, then /enki land",
  ).refusal;

/** `by` is null for a plan that was approved by nobody. */
export const refuseGoneApproval = (by: string | null, plan: string): Refusal =>
  refuse(
    "approval-gone",
    `The approval of this plan${by === null ? "" : ` by ${by}`} no longer counts: the comment was deleted or edited, or its author may no longer approve. Nothing lands until a person approves again.`,
    `/enki approve ${plan}`,
  ).refusal;

export const refuseGoneSkip = (task: string): Refusal =>
  refuse(
    "decision-gone",
    `The command that skipped \`${task}\` no longer counts: the comment was deleted or edited, or its author may no longer decide. Nothing that needs this step lands until a person repeats the command.`,
    `/enki skip ${task}`,
  ).refusal;

export const refuseGoneResultApproval = (task: string, result: string): Refusal =>
  refuse(
    "decision-gone",
    `The approval of the result of \`${task}\` no longer counts: the comment was deleted or edited, or its author may no longer decide. Nothing that needs this step lands until a person repeats the command.`,
    `/enki approve ${task}@${result}`,
  ).refusal;
