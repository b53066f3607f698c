import type { Millis, Sha, TaskId } from "./ids.ts";
import type { LandingPolicy } from "./landing-proof.ts";
import type { LandingMode, MergeMethod, RequiredCheck } from "./github-facts.ts";
import type { Refusal } from "./refusal.ts";
import type { Flakiness } from "./flaky-check.ts";

/** A finished head waiting to land. Bound to that head: a new head is a new item without strikes. */
export type QueueItem = {
  readonly task: TaskId;
  readonly head: Sha;
  readonly state: "queued" | "held" | "resolving" | "accused";
  /** The reason for holding the item, or its conflict. */
  readonly refusal: Refusal | null;
  /** Red runs counted against the item. A run counts only if everything below the item has landed or is green. */
  readonly strikes: number;
  /** Whether the item was part of a green candidate, on any base. */
  readonly passedBefore: boolean;
  /** The files that conflict with the base; absent unless the item is being resolved. */
  readonly conflictPaths?: readonly string[];
  /** The base tip of the last conflict check. */
  readonly mergedAgainst: Sha | null;
  /** The commit of the last red run that counted against the item; `log` has the last lines. */
  readonly failedCommit: Sha | null;
  /** Number of removals by GitHub's merge queue. */
  readonly removals?: number;
  readonly log: string;
  /** The other tasks in the last red run; absent if the item was alone. */
  readonly failedWith?: readonly TaskId[];
  /** The time of a verify run depends on this; absent for items of earlier versions. */
  readonly verifyKind?: string;
  /** Absent without `verifyKind`. */
  readonly enteredAt?: Millis;
  /** The lane of `[refinery.lanes]` that held all its paths when it entered; absent if none did. */
  readonly lane?: string;
};

/** The time from the request of a green verify run to its end. */
export type VerifyDuration = {
  /** See {@link QueueItem.verifyKind}. */
  readonly kind: string;
  readonly ms: Millis;
  /** Whether every run so far also verified other kinds, so that the kind itself may take less time. */
  readonly isBound?: true;
};

/** Numbers of steps of a lane that landed and that failed. */
type LaneOutcomes = { readonly lane: string; readonly passed: number; readonly failed: number };

/** One verify job of a candidate. */
export type VerifyRun = {
  readonly attempt: number;
  /** Earliest start after a fault's back-off; 0 if the job may start immediately. */
  readonly notBefore: Millis;
  /** `null` before the start and after the end. */
  readonly deadline: Millis | null;
  readonly verdict: "green" | "red" | null;
  /** Whether the verify job passed while required checks are still missing. */
  readonly verified?: true;
  /** Whether a runner was seen working on it. */
  readonly started?: true;
};

/** The number of verify runs that a base has runners for, learned from the starts of runs. */
export type VerifyCapacity = {
  /** Runs that may be requested at the same time. */
  readonly slots: number;
  /** Runs that started without a wait since `slots` changed, while every slot was used. */
  readonly startsOnTime: number;
  /** Whether a run ever waited for a runner. */
  readonly isLimited: boolean;
  readonly nextLook: Millis;
};

/** The landing mode of a base and its requirements. Read from the branch rules when verification starts and again right before each landing. */
export type LandingTerms = {
  readonly mode: LandingMode;
  /** Absent for a merge commit. */
  readonly method?: "squash" | "rebase";
  readonly reason: string;
  /** Checks required on the candidate's commit, in addition to the verify job. */
  readonly checks: readonly RequiredCheck[];
  /** Required checks that workflows report only on the head of a pull request. */
  readonly headChecks?: readonly RequiredCheck[];
  /** Workflow files that Enki starts on a candidate, because no push starts them. */
  readonly dispatchedWorkflows?: readonly string[];
  /** Required checks that Enki reports itself, as statuses right before a landing. */
  readonly ownChecks?: readonly string[];
  readonly requiredReviews: number;
  /** Whether a rule requires its checks on the exact commit that lands. */
  readonly requiresExactCommit: boolean;
};

/** A base and the steps merged on top of it, as one commit. Without steps, the base itself. Can be rebuilt, so losing a candidate loses no work. */
export type Candidate = {
  readonly commit: Sha;
  readonly tree: Sha;
  /** The base commit. */
  readonly onto: Sha;
  /** The merged steps in order, each with its merge commit. */
  readonly items: readonly { readonly task: TaskId; readonly head: Sha; readonly merge: Sha }[];
  readonly runs: readonly VerifyRun[];
  /** Consecutive verify jobs without a verdict. */
  readonly faults: number;
  /** The last lines of the last run that was red or ended without a verdict. */
  readonly log: string;
};

/** A merge requested from GitHub. Recorded before the request. */
export type Landing = {
  readonly mode: "each" | "batch" | "queue";
  readonly method?: "squash" | "rebase";
  /** The verified candidate. */
  readonly candidate: Candidate;
  readonly since: Millis;
  /** The policy under which the landing was requested; absent in ledgers of earlier versions. */
  readonly policy?: LandingPolicy | undefined;
  /** When GitHub's merge queue was first seen without the pull request. */
  readonly removedSince?: Millis;
  /** Number of requests that failed because the base had just moved. */
  readonly attempts: number;
};

/** A merge by GitHub whose tree differs from the verified tree, and the commit of the revert; null if the revert conflicts. */
export type Incident = { readonly merge: Sha; readonly revert: Sha | null };

/** The verify run behind the verdict on a tree. Its id may be unknown. */
export type VerdictRun = { readonly tree: Sha; readonly commit: Sha; readonly run: number | null };

export type Queue = {
  /** By rank, and in order of arrival among equal ranks. */
  readonly items: readonly QueueItem[];
  readonly candidates: readonly Candidate[];
  /** Set if nothing can land on the base: rewound, missing, red, or refused by a rule. A person's push or `/enki retry` clears it. */
  readonly frozen: Refusal | null;
  /** Number of freezes, and of releases by a person, because each freeze is announced. Absent before the first. */
  readonly freezes?: number;
  /** The base tip after Enki's last landing. A base without this commit was rewound. */
  readonly landedTip: Sha | null;
  /** The last seen base tip; while the base is frozen because of a rewind, the lost tip. */
  readonly seenTip: Sha | null;
  /** Tips that the base lost, oldest first. A person accepted the loss, so no work built on them lands unchanged. */
  readonly abandonedTips?: readonly Sha[];
  /** The last green commits, oldest first. A red run on top of them counts against its step. */
  readonly greenCommits: readonly Sha[];
  /** Trees of the last green commits, oldest first. An equal tree reuses the verdict. */
  readonly verifiedTrees: readonly Sha[];
  /** Runs that verified the last green trees, oldest first; absent before the first. */
  readonly verdictRuns?: readonly VerdictRun[];
  /** Groups that failed together on a green base: each has a bad member, or several. */
  readonly failedGroups: readonly (readonly TaskId[])[];
  readonly recentOutcomes: { readonly passed: number; readonly failed: number };
  /** The same for each lane, as far as its steps left the queue; absent before the first. */
  readonly laneOutcomes?: readonly LaneOutcomes[];
  /** Number of steps with a first strike since the last green run. If everything fails at the same time, no single step is to blame. */
  readonly strikesSinceGreen: number;
  /** Absent before the first read. */
  readonly landingTerms?: LandingTerms;
  /** GitHub's message when it refused Enki's push to the base. */
  readonly pushRefusal?: string;
  /** Merge methods that GitHub refused although no visible rule forbids them. */
  readonly deniedMethods?: readonly MergeMethod[];
  /** When GitHub last refused a merge, and the earliest time of the next request. */
  readonly landingRefusedAt?: Millis;
  readonly askAgainAt?: Millis;
  readonly landing?: Landing;
  readonly incident?: Incident;
  /** Absent until the start of a run was looked at. */
  readonly capacity?: VerifyCapacity;
  /** Absent if no run was red in the last 30 days. */
  readonly flakiness?: Flakiness;
  /** The kinds of the most recent green runs, oldest first; absent before the first. */
  readonly durations?: readonly VerifyDuration[];
};

/** Landing mode and merge method in one word, comparable with the one announced on a pull request. */
export type LandingKind = LandingMode | "each-squash" | "each-rebase";
const LANDING_KINDS: ReadonlySet<string> = new Set<LandingKind>(["exact", "each", "batch", "queue", "each-squash", "each-rebase"]);
export const toLandingKind = ({ mode, method }: Pick<LandingTerms, "mode" | "method">): LandingKind =>
  method && mode === "each" ? `each-${method}` : mode;
export const isLandingKind = (text: string | undefined): text is LandingKind => text !== undefined && LANDING_KINDS.has(text);

export const emptyQueue: Queue = {
  items: [],
  candidates: [],
  frozen: null,
  landedTip: null,
  seenTip: null,
  greenCommits: [],
  verifiedTrees: [],
  failedGroups: [],
  recentOutcomes: { passed: 0, failed: 0 },
  strikesSinceGreen: 0,
};

/** Whether required checks exist besides the verify job. */
export const hasRequiredChecks = ({ checks, headChecks }: LandingTerms): boolean =>
  checks.length > 0 || (headChecks !== undefined && headChecks.length > 0);

export const isBeingVerified = ({ runs }: Candidate): boolean => runs.some(({ verdict }) => verdict === null);

/** A single green run suffices: a red run before was a flake. */
export const isGreen = ({ runs }: Candidate): boolean => runs.some(({ verdict }) => verdict === "green");
