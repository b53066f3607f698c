import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseEndedExecution = (id: string, state: string): Refusal =>
  refuse("already-over", `Execution \`${id}\` is already ${state}.`, "/enki status").refusal;

export const refuseEndedStep = (task: string, state: string): Refusal =>
  refuse("already-over", `\`${task}\` is already ${state}.`, "/enki status").refusal;

export const refuseSkippedExecution = (id: string): Refusal =>
  refuse("no-step", `\`${id}\` is an execution; only a step can be skipped.`, `/enki cancel ${id}`).refusal;

export const refuseIdlePause = (id: string, state: string, next: string): Refusal =>
  refuse("not-running", `Execution \`${id}\` is ${state}, and only a running execution can be paused.`, next).refusal;

export const refuseStepPause = (task: string, state: string, next: string): Refusal =>
  refuse("cannot-pause", `\`${task}\` is ${state}, so there is nothing to pause.`, next).refusal;

export const refuseIdleResume = (id: string, state: string): Refusal =>
  refuse("not-paused", `Execution \`${id}\` is ${state}, and nothing in it is paused.`, "/enki status").refusal;

export const refuseStepResume = (task: string, state: string): Refusal =>
  refuse("not-paused", `\`${task}\` is ${state}, not paused.`, "/enki status").refusal;

export const refuseBlockedRetry = (task: string, next: string): Refusal =>
  refuse("blocked", `\`${task}\` is blocked by a step that it needs. Retry that step first.`, next).refusal;

export const refuseRetryWithoutNews = (task: string, pull: number): Refusal =>
  refuse(
    "nothing-new",
    `\`${task}\` has not failed, and nobody has commented on #${pull} since its last attempt.`,
    `review or comment on #${pull}`,
  ).refusal;

export const refusePaused = (by: string, id: string): Refusal => refuse("paused", `Paused by @\u200b${by}.`, `/enki resume ${id}`).refusal;

export const refuseEndedByPerson = (code: "cancelled" | "skipped", by: string, next = "/enki fix <what to do>"): Refusal =>
  refuse(code, `${code === "cancelled" ? "Cancelled" : "Skipped"} by @\u200b${by}.`, next).refusal;
