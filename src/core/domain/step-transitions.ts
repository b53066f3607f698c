import type { Step, StepState } from "./step.ts";
import type { Transition } from "./transition.ts";

const UNSTARTED: readonly StepState[] = ["pending", "ready"];
const DELIVERED: readonly StepState[] = ["published", "waiting"];
const OPEN: readonly StepState[] = [...UNSTARTED, "running", ...DELIVERED, "paused"];
const UNFINISHED: readonly StepState[] = [...OPEN, "failed", "blocked"];
const ALL: readonly StepState[] = [...UNFINISHED, "done", "skipped", "cancelled"];

/** Every legal transition: the states before and after. */
export const STEP_TRANSITIONS = {
  requireNeeds: { from: [...UNSTARTED, "blocked"], to: ["pending", "ready"], when: "its needs are checked" },
  block: { from: [...UNSTARTED, "blocked", "published"], to: ["blocked"], when: "a step that it needs failed" },
  startAttempt: { from: ["ready"], to: ["running"], when: "a job starts" },
  retryAfterFault: { from: ["running"], to: ["ready"], when: "the job timed out or crashed" },
  awaitQuota: { from: ["running"], to: ["ready"], when: "the quota of its model is used up" },
  repeatInterrupted: { from: ["running"], to: ["ready"], when: "the job was interrupted" },
  publishRevert: { from: ["ready"], to: ["published"], when: "git reverted a landed step" },
  publish: { from: ["running"], to: ["published"], when: "the job delivered a head" },
  finish: { from: [...UNSTARTED, "running", ...DELIVERED], to: ["done"], when: "there is nothing to land" },
  awaitApproval: { from: [...UNSTARTED, "running", ...DELIVERED], to: ["waiting"], when: "a report needs an approval" },
  awaitAnswer: { from: ["running"], to: ["waiting"], when: "the agent asked a person" },
  receiveAnswer: { from: ["waiting"], to: ["ready"], when: "the person answered" },
  approveReport: { from: ["waiting"], to: ["done"], when: "a person approved the report" },
  queueBehind: { from: ["published", "blocked"], to: ["published"], when: "its needs allow it to land" },
  replaceHead: { from: [...DELIVERED, "paused", "failed", "blocked"], to: ["published"], when: "its branch got another head" },
  hold: { from: DELIVERED, to: ["waiting"], when: "a review, a label or a checkpoint holds it" },
  release: { from: ["waiting"], to: ["published"], when: "nothing holds it any longer" },
  requestChanges: { from: DELIVERED, to: ["ready"], when: "a person requested changes" },
  requestRepair: { from: [...DELIVERED, "done"], to: ["ready"], when: "the agent's answer lacks a field" },
  land: { from: ALL, to: ["done"], when: "its head is in the base" },
  fail: { from: UNFINISHED, to: ["failed"], when: "it cannot continue without a person" },
  retry: { from: ALL, to: ["pending", "published"], when: "a person retries it" },
  restart: { from: ALL, to: ["pending"], when: "its workflow starts another round" },
  abandon: { from: ALL, to: ["published", "cancelled"], when: "its workflow no longer needs it" },
  pause: { from: [...UNSTARTED, "running", ...DELIVERED], to: ["paused"], when: "a person pauses it" },
  resume: { from: ["paused"], to: ["pending", "published"], when: "a person resumes it" },
  skip: { from: ALL, to: ["skipped"], when: "a person skips it" },
  cancel: { from: [...UNFINISHED, "skipped", "cancelled"], to: ["cancelled"], when: "it, its execution or a need was cancelled" },
} as const satisfies Readonly<Record<string, Transition<StepState>>>;

export type StepTransition = keyof typeof STEP_TRANSITIONS;

/** Whether a step in this state may take the transition. */
export const mayTake = (transition: StepTransition, { state }: Pick<Step, "state">): boolean =>
  (STEP_TRANSITIONS[transition].from as readonly StepState[]).includes(state);
