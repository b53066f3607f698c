import type { CommandSource } from "./command.ts";
import type { Login, Millis, Sha, StepId, TaskId } from "./ids.ts";
import type { RemarkId } from "./event.ts";
import type { Resolution } from "./conflict.ts";
import type { OutcomeKind } from "./outcome.ts";
import type { LandingProof, ProvenReview } from "./landing-proof.ts";
import type { LandingKind } from "./queue.ts";
import type { QuotaWait } from "./quota-wait.ts";
import type { Priority } from "./priority.ts";
import type { Refusal } from "./refusal.ts";
import type { WorkCheck } from "./work-check.ts";
import type { HeadTampering } from "./tampering.ts";
import type { HeadTrial } from "./trial.ts";

export type StepState =
  | "pending"
  | "ready"
  | "running"
  | "published"
  | "waiting"
  | "paused"
  | "done"
  | "failed"
  | "blocked"
  | "skipped"
  | "cancelled";

/** The tip of a task branch. */
export type TaskHead = {
  readonly sha: Sha;
  readonly since: Millis;
  /** `person` if the branch contains a person's commits; later attempts build on them. */
  readonly by: "worker" | "person";
  /** The base tip when the head was made. Commits beyond it and beyond `builtOn` are the step's own. Absent if unknown. */
  readonly baseTip?: Sha;
};

/** Properties of every phase. */
type Phase<State extends StepState> = {
  readonly state: State;
  /** The reason for the state, if it needs one. */
  readonly refusal: Refusal | null;
  /** State to resume in if the published work is kept; null if the step must run or run again. */
  readonly resumeAs: "published" | null;
  /** The deadline of the present wait, or of an abandoned run that is not stopped yet; null without one. */
  readonly deadline: Millis | null;
};

/** The fields that each state requires: a step that needs a person's attention has a reason, and a wait for a person has a deadline. */
export type StepPhase =
  | (Phase<"pending" | "ready" | "running"> & { readonly refusal: null; readonly resumeAs: null })
  /** A refusal names the unfinished need that the work lands after. */
  | (Phase<"published"> & { readonly resumeAs: null })
  | (Phase<"waiting"> & { readonly refusal: Refusal; readonly resumeAs: null; readonly deadline: Millis })
  | (Phase<"paused" | "blocked"> & { readonly refusal: Refusal })
  | (Phase<"failed"> & { readonly refusal: Refusal; readonly resumeAs: null; readonly deadline: null })
  | (Phase<"skipped" | "cancelled"> & { readonly refusal: Refusal; readonly resumeAs: null })
  /** A refusal says why there was nothing to do. */
  | (Phase<"done"> & { readonly resumeAs: null });

/** The current state of a step. The execution's plan has its planned step under the same id. */
export type Step = StepPhase & StepFacts;

/** The facts about a step in every state. */
export type StepFacts = {
  readonly id: StepId;
  /** The last requested attempt; 0 before the first. */
  readonly attempt: number;
  /** Faults since the last success (time-outs, crashes, infrastructure). Two are retried. */
  readonly faults: number;
  /** Earliest start after a fault's back-off; 0 if the step may start immediately. */
  readonly notBefore: Millis;
  /** The wait for the quota of the agent's model; absent if the last attempt did not need it. */
  readonly quota?: QuotaWait;
  /** The commit that the last attempt started from. */
  readonly baseCommit: Sha | null;
  /** The tip of the base branch when `baseCommit` was made. */
  readonly baseTip?: Sha;
  /** Published, not yet landed heads that the work is built on. The step lands after them and is rebased when they change. */
  readonly builtOn: readonly { readonly task: TaskId; readonly head: Sha }[];
  /** The last known tip of the task branch. */
  readonly head: TaskHead | null;
  /** The outcome that the last attempt's agent reported; absent without a report. */
  readonly outcome?: OutcomeKind;
  /** What verify commands said in the last attempt's own job; no verdict. Absent if they did not run there. */
  readonly workCheck?: WorkCheck;
  /** The result commit of the last attempt, reachable from `refs/enki/attempts`. */
  readonly result: Sha | null;
  /** The command by which a person ended the step without a landing: a skip, or the approval of a report. Absent in older ledgers. */
  readonly decision?: StepDecision;
  readonly pull: number | null;
  /** A reported but unread activity on an open pull request, possibly this step's; read before the step lands. */
  readonly unreadActivity?: "reviews" | "pulls";
  /** The results that make up the head, each built on the one before. Absent if a person pushed, and in ledgers of earlier versions. */
  readonly headResults?: readonly HeadResult[];
  /** The last attempt whose feedback a head answers. */
  readonly answeredAttempt?: number;
  /** Remarks on the pull request that no attempt has read yet. */
  readonly unreadRemarks?: readonly RemarkId[];
  /** Absent for that of the execution. */
  readonly priority?: Priority;
  /** The review that requested the next attempt; its author has write permission. */
  readonly acceptedReview?: number;
  /** Findings in the last judged head; absent before the first, and in older ledgers. */
  readonly tampering?: HeadTampering;
  /** Absent for a head without findings, and in older ledgers. */
  readonly trial?: HeadTrial;
  /** The landing kind stated on the pull request; absent if not stated. */
  readonly announcedLanding?: LandingKind;
  /** The state in the text of the pull request, and the number of edits. Absent without such a pull request. */
  readonly announcedState?: AnnouncedState;
  /** The last verdict about a head of the step. Absent before. */
  readonly verification?: StepVerification;
  /** The approving reviews of a head whose gate they opened; absent before. */
  readonly approvals?: { readonly head: Sha; readonly reviews: readonly ProvenReview[] };
  /** The commit that landed the step; null before. */
  readonly landed: StepLanding | null;
  readonly output: string;
  readonly artifact: boolean;
  /** The last failure, for the next attempt's prompt. */
  readonly lastFailure: string | null;
  /** The failure before a person cancelled or skipped the step; absent without one, and in ledgers of earlier versions. */
  readonly failure?: Refusal;
  /** Paths of an earlier conflict with the base, since resolved by a later landing. */
  readonly pastConflicts?: readonly string[];
  /** The present head's conflict with the base; absent without one. */
  readonly resolution?: Resolution;
};

/**
 * `rewritten`: the base does not contain the head, because GitHub squashed or rebased it. `proof`: the facts behind the statement about the
 * landing; absent for unverified landings, and in ledgers of earlier versions.
 */
type StepLanding = { readonly commit: Sha; readonly at: Millis; readonly rewritten?: true; readonly proof?: LandingProof };

type AnnouncedState = { readonly key: string; readonly edits: number };

/** The commit on which a head passed or failed, and the run of its verify job; null if the run is unknown or the verdict was reused. */
export type StepVerification = { readonly head: Sha; readonly commit: Sha; readonly run: number | null; readonly passed: boolean };

export type StepDecision = { readonly by: Login; readonly source: CommandSource };

/** Another head of a step's branch. */
export type HeadChange = {
  readonly head: TaskHead;
  readonly builtOn?: Step["builtOn"];
  readonly pastConflicts?: readonly string[];
  readonly resolution?: Resolution;
};

/** Limit per step, because each counted remark costs a write. */
export const MAX_UNREAD_REMARKS = 50;

export type HeadResult = { readonly result: Sha; readonly baseCommit: Sha };

/** A new step, which waits for its needs. */
export const createStep = (id: StepId): StepFacts & { state: "pending"; refusal: null; resumeAs: null; deadline: null } => ({
  id,
  state: "pending",
  refusal: null,
  resumeAs: null,
  attempt: 0,
  faults: 0,
  notBefore: 0,
  deadline: null,
  baseCommit: null,
  builtOn: [],
  head: null,
  result: null,
  pull: null,
  landed: null,
  output: "",
  artifact: false,
  lastFailure: null,
});

/** Whether an abandoned run of the last attempt may still be active: its deadline stays until the run is stopped. */
export const hasAbandonedRun = (step: Step): step is Exclude<Step, { readonly state: "waiting" }> =>
  step.deadline !== null && step.state !== "running" && step.state !== "waiting";

/**
 * Whether the stopped job of the step's last attempt may still leave its work for the next one: a person paused the step, or it waits to
 * start again.
 */
export const mayLeaveWork = ({ state, resumeAs, attempt }: Step): boolean =>
  attempt > 0 && resumeAs === null && (state === "paused" || state === "pending" || state === "ready");

/** The open conflict that keeps the present head from landing; null if there is none. */
export const findOpenConflict = ({ state, refusal, head, resolution }: Step): Resolution | null =>
  resolution &&
  resolution.resolvedHead === null &&
  resolution.head === head?.sha &&
  (state === "published" || state === "waiting") &&
  refusal?.code !== "asked"
    ? resolution
    : null;

/** Whether a resolve job runs, even an abandoned one that is about to be stopped. */
export const isBeingResolved = ({ resolution }: Step): boolean => resolution !== undefined && resolution.deadline !== null;

/** Whether the step waits for a person's answer. Until then nothing lands, and reviews and approvals have no effect. */
export const isAwaitingAnswer = ({ state, refusal }: Step): boolean => state === "waiting" && refusal?.code === "asked";

/** Whether the step waits until the quota of its agent's model is renewed. It then starts by itself. */
export const isAwaitingQuota = ({ state, quota, notBefore }: Step): boolean =>
  state === "ready" && quota !== undefined && notBefore === quota.until;

/** Refusal code of a step that found nothing to do and waits for a confirmation, because dependents need it. */
export const NOTHING_TO_DO_CODE = "nothing-to-do";

export const isAwaitingConfirmation = ({ state, refusal }: Step): boolean => state === "waiting" && refusal?.code === NOTHING_TO_DO_CODE;

/** Refusal code of a step after GitHub stopped showing a decision about a needed step. */
export const DECISION_GONE_CODE = "decision-gone";

/** Refusal codes of holds by people on a pull request. */
const PERSON_HOLD_CODES: ReadonlySet<string> = new Set([
  "hold",
  "draft",
  "unreviewed",
  "changes-requested",
  "pull-closed",
  "retargeted",
  "approval-gone",
  DECISION_GONE_CODE,
]);
/** Whether a person keeps finished work from landing; a missing checkpoint approval does not count. */
export const isHeldByPerson = ({ state, refusal }: Pick<Step, "state" | "refusal">): boolean =>
  state === "waiting" && refusal !== null && PERSON_HOLD_CODES.has(refusal.code);
/** Whether work is held, but other steps may build on it. */
export const isHeldButBuildable = (step: Pick<Step, "state" | "refusal">): boolean =>
  isHeldByPerson(step) && step.refusal?.code !== "pull-closed" && step.refusal?.code !== "retargeted";

/** The failure before a step was cancelled or skipped; null without one. */
export const findEarlierFailure = ({ state, failure }: Step): Refusal | null =>
  (state === "cancelled" || state === "skipped") && failure ? failure : null;

/** The log of a failed attempt without its leading reason; empty if there is none. */
export const findFailureLog = (step: Step): string => {
  const [reason, log] = [(findEarlierFailure(step) ?? step.refusal)?.message ?? "", step.lastFailure ?? ""];
  return (log.startsWith(reason) ? log.slice(reason.length) : log).trim();
};

/** Only a person's command leaves these states. */
export const isTerminalState = (state: StepState): boolean =>
  state === "done" || state === "failed" || state === "blocked" || state === "skipped" || state === "cancelled";
