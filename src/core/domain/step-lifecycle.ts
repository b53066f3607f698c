import { endQuotaWait } from "./end-quota-wait.ts";
import type { RemarkId } from "./event.ts";
import type { Millis, Sha } from "./ids.ts";
import type { Refusal } from "./refusal.ts";
import { backOffMs, MAX_FAULTS, PERSON_WAIT_MS } from "./retry-policy.ts";
import type { QuotaWait } from "./quota-wait.ts";
import { mayTake, type STEP_TRANSITIONS, type StepTransition } from "./step-transitions.ts";
import type { HeadChange, HeadResult, Step, StepPhase, TaskHead } from "./step.ts";

/** The step in its new phase. Throws if the step may not take the transition: that is a bug in the caller. */
const take = <T extends StepTransition>(
  transition: T,
  step: Step,
  phase: StepPhase & { readonly state: (typeof STEP_TRANSITIONS)[T]["to"][number] },
): Step => {
  if (!mayTake(transition, step)) throw new Error(`step ${step.id} is ${step.state}: it cannot take the transition ${transition}`);
  return { ...step, ...phase };
};

/** A run that nobody waits for keeps its deadline until it is stopped; a wait for a person ends with the state. */
const deadlineOfRun = (step: Step): Millis | null => (step.state === "waiting" ? null : step.deadline);

const CLEARED = { refusal: null, deadline: null, resumeAs: null } as const;
const RESET_FAULTS = { faults: 0, notBefore: 0 } as const;

/** Waits for its needs, or becomes ready once all are met. */
export const requireNeeds = (step: Step, areMet: boolean): Step =>
  take("requireNeeds", step, { ...CLEARED, state: areMet ? "ready" : "pending", deadline: step.deadline });

/** Blocks a step whose need failed. Published work stays published and resumes as that. */
export const block = (step: Step, refusal: Refusal): Step =>
  take("block", step, {
    state: "blocked",
    refusal,
    resumeAs: step.state === "published" ? "published" : step.resumeAs,
    deadline: step.deadline,
  });

type AttemptStart = {
  readonly attempt: number;
  readonly deadline: Millis;
  readonly baseCommit: Sha;
  readonly baseTip: Sha | undefined;
  readonly builtOn: Step["builtOn"];
  readonly headResults: readonly HeadResult[] | undefined;
  /** Remarks without room in the attempt. */
  readonly unreadRemarks: readonly RemarkId[];
};

/** Starts the next attempt on a commit. */
export const startAttempt = (step: Step, { baseTip, headResults, unreadRemarks, deadline, ...start }: AttemptStart): Step => {
  const { unreadRemarks: _, baseTip: __, acceptedReview: ___, ...rest } = step;
  const started: Step = {
    ...rest,
    ...start,
    ...(headResults && { headResults }),
    ...(baseTip !== undefined && { baseTip }),
    ...(unreadRemarks.length > 0 && { unreadRemarks }),
  };
  return take("startAttempt", started, { ...CLEARED, state: "running", deadline });
};

/** Retries a job after a fault, with a back-off from `now`. `null` after {@link MAX_FAULTS} retries. */
export const retryAfterFault = (step: Step, { reason, now }: { readonly reason: string; readonly now: Millis }): Step | null => {
  const faults = step.faults + 1;
  if (faults > MAX_FAULTS) return null;
  const failed = { ...step, faults, notBefore: now + backOffMs(faults), lastFailure: reason };
  return take("retryAfterFault", failed, { ...CLEARED, state: "ready" });
};

/** Starts again when the quota of the agent's model is renewed. Not a fault: nothing is counted. */
export const awaitQuota = (step: Step, quota: QuotaWait): Step =>
  take("awaitQuota", { ...step, quota, notBefore: quota.until }, { ...CLEARED, state: "ready" });

/** Starts again immediately after an interruption from outside. Not a fault: nothing is counted. */
export const repeatInterrupted = (step: Step): Step => take("repeatInterrupted", { ...step, notBefore: 0 }, { ...CLEARED, state: "ready" });

type Publication = {
  readonly head?: TaskHead;
  readonly baseCommit?: Sha;
  readonly builtOn?: Step["builtOn"];
  /** `undefined` if the results are unknown, for example because a person pushed. */
  readonly headResults?: readonly HeadResult[] | undefined;
  /** Whether this attempt answers review remarks. */
  readonly answers: boolean;
};

/** Publishes what an attempt delivered; without a head, the present head stays. */
export const publish = (step: Step, { answers, headResults, ...published }: Publication): Step => {
  const { headResults: before, ...rest } = step;
  const results = published.head === undefined ? before : headResults;
  const delivered: Step = {
    ...rest,
    ...published,
    ...(results && { headResults: results }),
    faults: 0,
    ...(answers && { answeredAttempt: step.attempt }),
  };
  return take("publish", delivered, { ...CLEARED, state: "published", deadline: step.deadline });
};

/** Publishes a revert of a landed step, which needs no job. */
export const publishRevert = (step: Step, made: { readonly head: TaskHead; readonly builtOn: Step["builtOn"] }): Step =>
  take("publishRevert", { ...step, ...made }, { ...CLEARED, state: "published" });

/** Ends a step that has nothing to land. The refusal says why, if there is something to say. */
export const finish = (step: Step, refusal: Refusal | null): Step =>
  take("finish", step, { state: "done", refusal, resumeAs: null, deadline: deadlineOfRun(step) });

/** Waits for a person to approve a report or to confirm that there is nothing to do. */
export const awaitApproval = (step: Step, refusal: Refusal, now: Millis): Step =>
  take("awaitApproval", step, { state: "waiting", refusal, resumeAs: null, deadline: now + PERSON_WAIT_MS });

/** Waits for a person's answer to the agent's question. */
export const awaitAnswer = (step: Step, { refusal, deadline }: { readonly refusal: Refusal; readonly deadline: Millis }): Step =>
  take("awaitAnswer", { ...step, faults: 0 }, { state: "waiting", refusal, resumeAs: null, deadline });

/** Makes a step ready again once its question is answered. */
export const receiveAnswer = (step: Step): Step => take("receiveAnswer", step, { ...CLEARED, state: "ready" });

/** Ends a step whose report a person approved. The refusal keeps saying why there was nothing to do. */
export const approveReport = (step: Step, refusal: Refusal | null): Step =>
  take("approveReport", step, { ...CLEARED, state: "done", refusal });

/** Lets published work land, or land after `behind`, the refusal that names an unfinished need. */
export const queueBehind = (step: Step, behind: Refusal | null): Step =>
  take("queueBehind", step, { state: "published", resumeAs: null, refusal: behind, deadline: step.deadline });

/** Publishes another head of the branch: pushed by a person, rebased, or with its conflict resolved. */
export const replaceHead = (step: Step, change: HeadChange): Step =>
  take("replaceHead", { ...step, ...change }, { ...CLEARED, state: "published" });

/** Holds published work back. A hold that lasts keeps its deadline, even if its reason changes. */
export const hold = (step: Step, refusal: Refusal, now: Millis): Step =>
  take("hold", step, {
    state: "waiting",
    refusal,
    resumeAs: null,
    deadline: step.state === "waiting" ? step.deadline : now + PERSON_WAIT_MS,
  });

/** Releases work that nothing holds any longer. */
export const release = (step: Step): Step => take("release", step, { ...CLEARED, state: "published" });

/** Requests another attempt that addresses a person's review or remarks. */
export const requestChanges = (step: Step, acceptedReview?: number): Step => {
  const asked = { ...step, ...RESET_FAULTS, lastFailure: null, ...(acceptedReview !== undefined && { acceptedReview }) };
  return take("requestChanges", asked, { ...CLEARED, state: "ready" });
};

/** Requests another attempt because the agent's answer cannot be used. */
export const requestRepair = (step: Step, reason: string): Step =>
  take("requestRepair", { ...step, lastFailure: reason }, { ...CLEARED, state: "ready" });

/** Records that the head is in the base. GitHub may land a step that was paused or cancelled a moment ago. */
export const land = (step: Step, landed: NonNullable<Step["landed"]>): Step =>
  take("land", { ...step, landed }, { ...CLEARED, state: "done" });

/** Fails a step until a person retries it. `lastFailure` is the log for the next attempt. */
export const fail = (step: Step, refusal: Refusal, lastFailure: string | null = step.lastFailure): Step =>
  take("fail", { ...step, lastFailure }, { ...CLEARED, state: "failed", refusal });

type StepRetry = {
  /** Whether the published work is kept, because only its pull request or its conflict failed. */
  readonly keepsWork: boolean;
  readonly lastFailure: string | null;
};

/** Retries a step for a person, with all counts of failures reset. */
export const retry = (step: Step, { keepsWork, lastFailure }: StepRetry): Step => {
  const { failure: _, ...rest } = endQuotaWait(step);
  const resolution = rest.resolution && { ...rest.resolution, failedAttempts: 0, notBefore: 0, log: "", failedVerification: false };
  const reset = { ...rest, ...RESET_FAULTS, ...(resolution && { resolution }), lastFailure };
  return take("retry", reset, { ...CLEARED, state: keepsWork ? "published" : "pending" });
};

/** Starts a step again in another round of its workflow. Its earlier work stays on the branch. */
export const restart = (step: Step): Step => {
  const { failure: _, ...rest } = step;
  return take("restart", { ...rest, ...RESET_FAULTS, lastFailure: null }, { ...CLEARED, state: "pending" });
};

/** Ends a step that its workflow no longer needs. A running job keeps its deadline until it is stopped; work of earlier rounds stays published. */
export const abandon = (step: Step, refusal: Refusal): Step => {
  const phase = step.head ? ({ ...CLEARED, state: "published" } as const) : ({ state: "cancelled", refusal, resumeAs: null } as const);
  return take("abandon", step, { ...phase, deadline: step.deadline });
};

/** Pauses a step. A running job keeps its deadline until it is stopped. */
export const pause = (step: Step, refusal: Refusal): Step =>
  take("pause", step, {
    state: "paused",
    resumeAs: step.state === "published" || step.state === "waiting" ? "published" : null,
    refusal,
    deadline: deadlineOfRun(step),
  });

/** Resumes a paused step. Its needs are checked afterwards. */
export const resume = (step: Step): Step =>
  take("resume", step, { ...CLEARED, state: step.resumeAs ?? "pending", deadline: step.deadline });

/** Keeps the reason of a failure, which the reason of a cancellation or a skip replaces. */
export const keepFailure = (step: Step): Step => (step.state === "failed" ? { ...step, failure: step.refusal } : step);

/** Skips a step: its dependents continue without its work. */
export const skip = (step: Step, refusal: Refusal): Step =>
  take("skip", step, { state: "skipped", resumeAs: null, refusal, deadline: deadlineOfRun(step) });

/** Cancels a step and keeps what landed. */
export const cancel = (step: Step, refusal: Refusal): Step =>
  take("cancel", step, { state: "cancelled", resumeAs: null, refusal, deadline: deadlineOfRun(step) });
