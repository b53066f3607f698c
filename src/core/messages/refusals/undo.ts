import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseUndoWhileRunning = (id: string, state: string): Refusal =>
  refuse(
    "undo-while-running",
    `Execution \`${id}\` is ${state} and may land more. Cancel it, and undo what landed afterwards.`,
    `/enki cancel ${id}`,
  ).refusal;

export const refuseUndoWhileLanding = (id: string): Refusal =>
  refuse("undo-while-running", `GitHub is merging work of \`${id}\` right now. Undo it in a minute.`, `/enki status ${id}`).refusal;

export const refuseUndoOfNothing = (name: string): Refusal =>
  refuse("nothing-landed", `\`${name}\` landed nothing, so there is nothing to undo.`, "/enki status").refusal;

export const refuseRepeatedUndo = (name: string, undo: string): Refusal =>
  refuse("already-undone", `\`${name}\` was already undone by \`${undo}\`. Undo that one to bring the work back.`, `/enki undo ${undo}`)
    .refusal;

export const refuseUndoUnderway = (name: string, undo: string): Refusal =>
  refuse("already-undone", `\`${undo}\` is already undoing \`${name}\`.`, `/enki status ${undo}`).refusal;

export const refuseUndoOfNeeded = (name: string, { task, isLanded }: { readonly task: string; readonly isLanded: boolean }): Refusal =>
  refuse(
    "undo-needed",
    `\`${task}\`, a step of another request, needs \`${name}\`${isLanded ? " and has landed" : ""}. ${isLanded ? "Undo" : "Cancel"} that step first.`,
    `/enki ${isLanded ? "undo" : "cancel"} ${task}`,
  ).refusal;

export const refuseUnknownLanding = (task: string, pull: number | null): Refusal =>
  refuse(
    "landing-unknown",
    `Git does not show which commits landed \`${task}\`, because a person landed it in different commits. Revert them by hand.`,
    pull === null ? "revert it by hand" : `press **Revert** on #${pull}`,
  ).refusal;

export const refuseGoneUndo = (by: string, id: string): Refusal =>
  refuse(
    "approval-gone",
    `The \`/enki undo\` by ${by} no longer counts: the comment was deleted or edited, or its author may no longer approve.`,
    `/enki cancel ${id}, then /enki undo`,
  ).refusal;

export const AWAITS_REVERT: Refusal = refuse(
  "awaits-revert",
  "Its revert is made once the reverts before it merge with the base without a conflict.",
  "",
).refusal;
