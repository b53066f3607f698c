import type { Millis, Sha, TaskId } from "./ids.ts";
import type { LandingMode, MergeMethod, RequiredCheck } from "./github-facts.ts";
import type { Refusal } from "./refusal.ts";

/** A finished head on its way into the base. Bound to that head: a new head is a new item, with no strikes. */
export type QueueItem = {
  readonly task: TaskId;
  readonly head: Sha;
  readonly state: "queued" | "held" | "resolving" | "accused";
  /** Why it is held, or what it conflicts with. */
  readonly refusal: Refusal | null;
  /** Red runs counted against it: each on a context that is landed or green. */
  readonly strikes: number;
  /** True once it was part of a green candidate, on whatever base. */
  readonly passedBefore: boolean;
  /** The base that it was last merged with, to see whether it conflicts. */
  readonly mergedAgainst: Sha | null;
  /** The last red run that counted against it: of which commit, and its last lines. */
  readonly failedCommit: Sha | null;
  /** How often GitHub's merge queue removed it. */
  readonly removals?: number;
  readonly log: string;
  /** The other steps in that red run; absent where it was alone. */
  readonly failedWith?: readonly TaskId[];
};

/** One verify job of a candidate. */
export type VerifyRun = {
  readonly attempt: number;
  /** Not started before (a fault's back-off); 0 for at once. */
  readonly notBefore: Millis;
  /** Its deadline; null before it is started and after it ended. */
  readonly deadline: Millis | null;
  readonly verdict: "green" | "red" | null;
  /** True once its verify job was green while required checks have not all been. */
  readonly verified?: true;
};

/** How and behind what work lands on a base: read from the rules when verification begins, and again right before each landing. */
export type LandingTerms = {
  readonly mode: LandingMode;
  /** What GitHub makes of a pull request; absent for a merge commit. */
  readonly method?: "squash" | "rebase";
  readonly reason: string;
  /** Required on the candidate's commit, besides `verify`. */
  readonly checks: readonly RequiredCheck[];
  /** Required, and reported by workflows on the head of a pull request only. */
  readonly headChecks?: readonly RequiredCheck[];
  /** Workflow files that Enki starts on a candidate, since no push does. */
  readonly dispatchedWorkflows?: readonly string[];
  /** Names of required checks that Enki itself reports, as statuses on what lands, right before it lands. */
  readonly ownChecks?: readonly string[];
  readonly requiredReviews: number;
  /** True where a rule wants its checks on the very commit. */
  readonly requiresExactCommit: boolean;
};

/** A base and steps on top of it, as a commit. Without steps it is the base itself. Can be rebuilt: it is not work. */
export type Candidate = {
  readonly commit: Sha;
  readonly tree: Sha;
  /** The base that it was built on. */
  readonly onto: Sha;
  /** What it brings, in order, each with the merge commit that brings it. */
  readonly items: readonly { readonly task: TaskId; readonly head: Sha; readonly merge: Sha }[];
  readonly runs: readonly VerifyRun[];
  /** Verify jobs in a row that ended without a verdict. */
  readonly faults: number;
  /** The last lines of a run that was red or ended without a verdict. */
  readonly log: string;
};

/** A landing by GitHub's hand, written down before it is asked for. */
export type Landing = {
  readonly mode: "each" | "batch" | "queue";
  readonly method?: "squash" | "rebase";
  /** What was verified. */
  readonly candidate: Candidate;
  readonly since: Millis;
  /** Since when GitHub's merge queue does not hold it any more. */
  readonly removedSince?: Millis;
  /** How often GitHub was asked and said that the base had just moved. */
  readonly attempts: number;
};

/** A merge by GitHub that gave another tree than the verified one, and the commit that takes it back; null where that conflicts. */
export type Incident = { readonly merge: Sha; readonly revert: Sha | null };

export type Queue = {
  /** In the order in which they came: it is only ever appended to. */
  readonly items: readonly QueueItem[];
  readonly candidates: readonly Candidate[];
  /** Set when the base cannot be landed on: rewound, missing, red, refused by a rule. A person's push or `/enki retry` clears it. */
  readonly frozen: Refusal | null;
  /** The base tip after our last landing: a base that no longer contains it was rewound. */
  readonly landedTip: Sha | null;
  /** The base tip that was seen last; while the base is frozen because it was rewound, the one that it lost. */
  readonly seenTip: Sha | null;
  /** Tips that the base had and lost, oldest first: a person agreed to that, and nothing that is built on them lands as it is. */
  readonly abandonedTips?: readonly Sha[];
  /** The last commits that were green, oldest first: contexts in which a red run is held against a step. */
  readonly greenCommits: readonly Sha[];
  /** Trees of the last green commits, oldest first: a verdict may be reused. */
  readonly verifiedTrees: readonly Sha[];
  /** Groups that were red together, on ground that was not: at least one of each is bad. */
  readonly failedGroups: readonly (readonly TaskId[])[];
  /** How the last steps fared. */
  readonly recentOutcomes: { readonly passed: number; readonly failed: number };
  /** Steps that got their first strike since the last green run: everything red at once says nothing of a step. */
  readonly strikesSinceGreen: number;
  /** Verify jobs side by side, where people's pushes to the base made it fewer; 0 for as many as the configuration allows. */
  readonly window: number;
  /** Absent while they were not read. */
  readonly landingTerms?: LandingTerms;
  /** GitHub's words where it refused to let Enki push the base. */
  readonly pushRefusal?: string;
  /** Ways of merging that GitHub refused, though nothing that it shows forbids them. */
  readonly deniedMethods?: readonly MergeMethod[];
  /** When GitHub last refused to land by its own hand, and before when it is not asked again. */
  readonly landingRefusedAt?: Millis;
  readonly askAgainAt?: Millis;
  readonly landing?: Landing;
  readonly incident?: Incident;
};

/** How work lands, in one word: what a pull request says is compared by it. */
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
  window: 0,
};

/** True where something besides the verify job has to be green. */
export const hasRequiredChecks = ({ checks, headChecks }: LandingTerms): boolean =>
  checks.length > 0 || (headChecks !== undefined && headChecks.length > 0);

/** True while a verify job of it has no verdict. */
export const isBeingVerified = ({ runs }: Candidate): boolean => runs.some(({ verdict }) => verdict === null);

/** Green as soon as one of its runs is: a red one before it was a flake. */
export const isGreen = ({ runs }: Candidate): boolean => runs.some(({ verdict }) => verdict === "green");
