import type { Millis, Sha, StepId, TaskId } from "./ids.ts";
import type { RemarkId } from "./event.ts";
import type { Resolution } from "./conflict.ts";
import type { OutcomeKind } from "./outcome.ts";
import type { LandingKind } from "./queue.ts";
import type { Refusal } from "./refusal.ts";

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
  /** `person` when it holds a person's commits, which are built upon. */
  readonly by: "worker" | "person";
  /** The tip of the base that it was made on: what it has beside that, and beside what it is built on, is the step's own. Absent where that is not known. */
  readonly baseTip?: Sha;
};

/** A step as it stands. What was planned is in the execution's plan, under the same id. */
export type Step = {
  readonly id: StepId;
  readonly state: StepState;
  /** Why it is where it is, when that needs words: failed, waiting, blocked, cancelled. */
  readonly refusal: Refusal | null;
  /** Where a paused or blocked step goes back to when its work is on its branch; null where it has to be done, or done again. */
  readonly resumeAs: "published" | null;
  /** The last attempt that was asked for; 0 before the first. */
  readonly attempt: number;
  /** Faults since the last success: time-outs, crashes, infrastructure. Two are tried again. */
  readonly faults: number;
  /** Not started before (a fault's back-off); 0 for at once. */
  readonly notBefore: Millis;
  /** The deadline of the wait that it is in; null where it waits for nothing of its own. */
  readonly deadline: Millis | null;
  /** The commit that the last attempt worked on. */
  readonly baseCommit: Sha | null;
  /** The tip of the base branch that this commit was made on. */
  readonly baseTip?: Sha;
  /** Published heads that its work is built on and that had not landed then: it lands after them, and is carried over when they change. */
  readonly builtOn: readonly { readonly task: TaskId; readonly head: Sha }[];
  /** The tip of its task branch that we know. */
  readonly head: TaskHead | null;
  /** What the agent of the last attempt said that its work came to; absent where it said nothing of that. */
  readonly outcome?: OutcomeKind;
  /** The result commit of the last attempt, reachable from `refs/enki/attempts`. */
  readonly result: Sha | null;
  readonly pull: number | null;
  /** Once somebody was said to have reviewed a pull request, or to have done something else to one, while this one was open: that is read before it lands. */
  readonly unreadActivity?: "reviews" | "pulls";
  /** The results that its head is made of, each built on the one before, and what each was made on; of one that a person pushed to, or of an earlier version, absent. */
  readonly headResults?: readonly HeadResult[];
  /** The last attempt whose feedback a head answers. */
  readonly answeredAttempt?: number;
  /** What was said on its pull request and no attempt has read yet. */
  readonly unreadRemarks?: readonly RemarkId[];
  /** The review that asked for its next attempt; its author has write permission. */
  readonly acceptedReview?: number;
  /** How its pull request says that it lands; absent where it says nothing of it. */
  readonly announcedLanding?: LandingKind;
  /** The commit that brought it into the base; null while it has not landed. `apart`: the base does not contain its head, since it was squashed or rebased. */
  readonly landed: { readonly commit: Sha; readonly at: Millis; readonly rewritten?: true } | null;
  readonly output: string;
  readonly artifact: boolean;
  /** What failed before, for the next attempt's prompt. */
  readonly lastFailure: string | null;
  /** Where its work conflicted with the base before; what landed after that resolved it. */
  readonly pastConflicts?: readonly string[];
  /** Its conflict with the base; none where its present head had none. */
  readonly resolution?: Resolution;
};

/** As many remarks are counted for one step: each is a write. */
export const MAX_UNREAD_REMARKS = 50;

export type HeadResult = { readonly result: Sha; readonly baseCommit: Sha };

export const createStep = (id: StepId): Step => ({
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

/** True where the run of its last attempt may go on though nobody waits for it: a deadline is left on it until that run is stopped. */
export const hasAbandonedRun = ({ state, deadline }: Step): boolean => deadline !== null && state !== "running" && state !== "waiting";
/** The conflict that keeps a step's present head from landing, while it is being resolved; null where there is none. */
export const findOpenConflict = ({ state, refusal, head, resolution }: Step): Resolution | null =>
  resolution &&
  resolution.resolvedHead === null &&
  resolution.head === head?.sha &&
  (state === "published" || state === "waiting") &&
  refusal?.code !== "asked"
    ? resolution
    : null;

/** True while a job resolves its conflict, also one that nobody waits for any more and that is to be stopped. */
export const isBeingResolved = ({ resolution }: Step): boolean => resolution !== undefined && resolution.deadline !== null;

/** True for a step that waits for a person's answer: nothing of it lands meanwhile, and no review or approval moves it on. */
export const isAwaitingAnswer = ({ state, refusal }: Step): boolean => state === "waiting" && refusal?.code === "asked";

/** The code of a wait for a person's word, where a step found nothing to do and others need it. */
export const NOTHING_TO_DO_CODE = "nothing-to-do";

/** Whether a step found nothing to do, and waits for a person to confirm that. */
export const isAwaitingConfirmation = ({ state, refusal }: Step): boolean => state === "waiting" && refusal?.code === NOTHING_TO_DO_CODE;

/** Codes of what people said on a pull request that keeps its work from landing. */
const PERSON_HOLD_CODES: ReadonlySet<string> = new Set(["hold", "draft", "unreviewed", "changes-requested", "pull-closed", "retargeted"]);
/** True for work that is done and that a person keeps from landing: no approval of a checkpoint is missing. */
export const isHeldByPerson = ({ state, refusal }: Pick<Step, "state" | "refusal">): boolean =>
  state === "waiting" && refusal !== null && PERSON_HOLD_CODES.has(refusal.code);
/** True for work that is kept from landing and that others may build on all the same. */
export const isHeldButBuildable = (step: Pick<Step, "state" | "refusal">): boolean =>
  isHeldByPerson(step) && step.refusal?.code !== "pull-closed" && step.refusal?.code !== "retargeted";

/** The last words of a failed attempt, without the reason that its step gives anyway; empty where there are none. */
export const findFailureLog = ({ refusal, lastFailure }: Step): string => {
  const [reason, log] = [refusal?.message ?? "", lastFailure ?? ""];
  return (log.startsWith(reason) ? log.slice(reason.length) : log).trim();
};

/** Absorbing states: nothing but a person's command leads out of them. */
export const isTerminalState = (state: StepState): boolean =>
  state === "done" || state === "failed" || state === "blocked" || state === "skipped" || state === "cancelled";
