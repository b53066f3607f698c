import {
  type Base,
  canonical,
  type ExecutionId,
  type Login,
  type Millis,
  type RefName,
  type Sha,
  type StepId,
  type TaskId,
} from "./ids.ts";
import type { Brief, BriefComments } from "./brief.ts";
import type { PullTalk } from "./feedback.ts";
import type { Conflict } from "./conflict.ts";
import type { StepState } from "./step.ts";
import type { BacklogItem } from "./backlog.ts";

export type Permission = "admin" | "write" | "read" | "none";

export type Review = {
  readonly id: number;
  readonly by: Login;
  readonly bot: boolean;
  readonly verdict: "approved" | "changes-requested" | "dismissed" | "commented";
  readonly head: Sha;
  readonly at: Millis;
  readonly text: string;
};

export type Pull = {
  readonly number: number;
  readonly headRef: string;
  readonly head: Sha;
  readonly base: Base;
  readonly state: "open" | "closed" | "merged";
  readonly draft: boolean;
  readonly labels: readonly string[];
  /** False while nothing happened to it since it was opened: it has no review then. */
  readonly touched: boolean;
};

export type Run = {
  readonly id: number;
  readonly name: string;
  readonly state: "waiting" | "running" | "done";
  readonly conclusion: string | null;
};

/** The name of our own status on candidates and heads. */
export const OUR_STATUS = "enki/refinery";

/** A check that has to be green: by name, and by the app's slug or id where it matters who says so. The name `*` stands for all that report. */
export type RequiredCheck = { readonly name: string; readonly app: string | null };

/** A check run or commit status, in GitHub's words: its conclusion once it has one. Times are GitHub's. */
export type Check = {
  readonly id: number;
  readonly name: string;
  readonly app: { readonly id: number | null; readonly slug: string } | null;
  readonly state: string;
  readonly started: Millis;
  /** When it was last said to be so. */
  readonly at: Millis;
};

/**
 * `exact`: the verified commit is pushed. `each`: pull requests are merged one at a time. `batch`: one pull request with all of it is merged.
 * `queue`: pull requests are added to GitHub's merge queue.
 */
export type LandingMode = "exact" | "each" | "batch" | "queue";

/** Where a pull request stands in GitHub's merge queue. `group`: the commit that is checked there. */
export type QueueEntry =
  | { readonly kind: "queued"; readonly position: number; readonly group: Sha | null }
  | { readonly kind: "merged"; readonly commit: Sha }
  /** Never in it, or removed for a reason. */
  | { readonly kind: "out"; readonly reason: string | null }
  | { readonly kind: "unknown" };

/** What GitHub makes of a pull request: a merge commit; one commit with all of it; or each of its commits once more, on top of the base. */
export type MergeMethod = "merge" | "squash" | "rebase";
export const MERGE_METHODS: readonly MergeMethod[] = ["merge", "squash", "rebase"];

/** The rules of a branch, as far as they can be read. */
export type Rules = {
  /** False where GitHub does not show them. */
  readonly known: boolean;
  readonly types: readonly string[];
  readonly checks: readonly RequiredCheck[];
  /** Approving reviews that a pull request needs. */
  readonly reviews: number;
  /** How pull requests may be merged; null for in any way. */
  readonly methods: readonly string[] | null;
};

/**
 * One merge on the way to a candidate: `head` merged into what came before, as a commit with fixed dates and this message.
 * It holds the work of `needs`: where one of these is in the same chain and was left out, so is it.
 */
export type Merge = { readonly task: TaskId; readonly head: Sha; readonly message: string; readonly needs: readonly TaskId[] };

/** What became of a merge in a chain. What conflicts is left out, and the chain goes on without it. */
export type Link =
  | { readonly kind: "merged"; readonly commit: Sha; readonly tree: Sha }
  | { readonly kind: "conflict"; readonly paths: readonly string[] }
  | { readonly kind: "left-out" };

/** What starts a workflow, with the branches that it is limited to; null for no limit. */
export type WorkflowTrigger = {
  readonly event: "push" | "pull_request" | "workflow_dispatch" | "merge_group";
  readonly branches: readonly string[] | null;
  readonly ignored: readonly string[] | null;
};

/** A workflow file as far as it says which checks it reports, under which names and on what. */
export type WorkflowFile = { readonly file: string; readonly triggers: readonly WorkflowTrigger[]; readonly jobs: readonly string[] };

/** A fact that a decision asks for. Lists cost one request, whatever the number of steps. */
export type Query =
  | { readonly kind: "permission"; readonly login: Login }
  | { readonly kind: "reviews"; readonly pull: number }
  /** What people wrote on a pull request: its reviews, comments on lines, and comments. */
  | { readonly kind: "feedback"; readonly pull: number }
  | { readonly kind: "pulls" }
  | { readonly kind: "runs" }
  | { readonly kind: "rules"; readonly base: Base }
  /** How the repository's settings let pull requests be merged. */
  | { readonly kind: "merge-methods" }
  /** The files of Actions workflows at a commit. */
  | { readonly kind: "workflow-files"; readonly commit: Sha }
  | { readonly kind: "queue-entry"; readonly pull: number }
  /** Check runs and statuses of a commit. */
  | { readonly kind: "checks"; readonly commit: Sha }
  /** The open issues of the backlog, newest first. */
  | { readonly kind: "backlog" }
  /**
   * What people wrote on an issue up to a command: one fact for each command, whatever is edited later.
   * `comment`: the comment that holds the command; null where it stands elsewhere.
   */
  | {
      readonly kind: "brief";
      readonly command: string;
      readonly issue: number;
      readonly onPull: boolean;
      readonly until: Millis;
      readonly comment: number | null;
      readonly comments: BriefComments;
      readonly maxChars: number;
    }
  /** The work of a result as a commit on `onto`: its files on its base, carried to `onto` by a three-way merge. */
  | {
      readonly kind: "work";
      readonly result: Sha;
      readonly base: Sha;
      readonly onto: Sha;
      readonly message: string;
    }
  /** The own changes of a head, those since `from`, as commits on `onto`: nothing else that the head contains comes along. */
  | { readonly kind: "carry"; readonly head: Sha; readonly from: Sha; readonly onto: Sha; readonly message: string }
  /** The newest commit of a base that a head has in it: of tips that the base had and lost (the first that says something counts), else of its tip. */
  | { readonly kind: "ground"; readonly head: Sha; readonly tip: Sha; readonly left: readonly Sha[] }
  /** A commit plus heads, merged in order. */
  | { readonly kind: "chain"; readonly onto: Sha; readonly merges: readonly Merge[] }
  /** Where a head conflicts with a base, and how; with `from` only what the head changed since that counts. */
  | { readonly kind: "conflicts"; readonly onto: Sha; readonly head: Sha; readonly from?: Sha }
  /**
   * A resolution as a merge commit of head and base, in this order: what merges by itself, and the files of a result.
   * Of conflicting paths in `anew` the base's side stands where the result has none.
   * With `from` only what the head changed since that counts, and the base is the only parent.
   */
  | {
      readonly kind: "resolution";
      readonly result: Sha;
      readonly onto: Sha;
      readonly head: Sha;
      readonly anew: readonly string[];
      readonly message: string;
      /** Paths of the result that commands may have removed: their deletion is not looked at. */
      readonly generated?: readonly string[];
      readonly from?: Sha;
    }
  /** How the steps of an execution ended that is in the archive; null where it is not there. */
  | { readonly kind: "archived"; readonly execution: ExecutionId }
  /**
   * The first commit after `onto` on the way to a tip that has a head in it.
   * With `method`, also the one that GitHub made of it by a squash or a rebase, which does not contain it.
   */
  | { readonly kind: "merge-of"; readonly head: Sha; readonly onto: Sha; readonly tip: Sha; readonly method?: MergeMethod }
  /**
   * A head on a commit that holds the work of `without` in other commits: merged with it, so that no commit of the head is lost,
   * with only what the head changed on top of `without`. Where it has to be `linear`, one commit with that.
   */
  | {
      readonly kind: "rejoined";
      readonly head: Sha;
      readonly without: readonly Sha[];
      readonly onto: Sha;
      readonly message: string;
      readonly linear: boolean;
    }
  /** A commit on a tip that takes a merge back; null where that conflicts. */
  | { readonly kind: "revert"; readonly merge: Sha; readonly tip: Sha; readonly message: string }
  /** Is the first commit contained in the second? */
  | { readonly kind: "contains"; readonly commit: Sha; readonly tip: Sha };

export type QueryKind = Query["kind"];

export type Answers = {
  permission: Permission;
  reviews: readonly Review[];
  feedback: PullTalk;
  pulls: readonly Pull[];
  runs: readonly Run[];
  rules: Rules;
  /** Null where GitHub does not show them. */
  "merge-methods": readonly MergeMethod[] | null;
  "workflow-files": readonly WorkflowFile[];
  "queue-entry": QueueEntry;
  checks: readonly Check[];
  backlog: readonly BacklogItem[];
  /** Refused where GitHub does not show the issue, in its words. */
  brief: { readonly kind: "read"; readonly brief: Brief } | { readonly kind: "refused"; readonly why: string };
  work:
    | { readonly kind: "commit"; readonly commit: Sha }
    | { readonly kind: "unchanged" }
    | { readonly kind: "conflict"; readonly paths: readonly string[] };
  carry: Answers["work"];
  ground: Sha | null;
  /** One for each merge that was asked for. */
  chain: readonly Link[];
  conflicts: readonly Conflict[];
  resolution:
    | { readonly kind: "commit"; readonly commit: Sha }
    /** Paths in which a marker is left that neither side has. */
    | { readonly kind: "markers"; readonly paths: readonly string[] }
    /** Deleted paths that neither side deleted. */
    | { readonly kind: "deletions"; readonly paths: readonly string[] }
    /** Paths that cannot be together in one tree. */
    | { readonly kind: "clash"; readonly paths: readonly string[] };
  archived: Readonly<Record<StepId, StepState>> | null;
  "merge-of": { readonly commit: Sha; readonly tree: Sha } | null;
  rejoined: Answers["work"];
  revert: Sha | null;
  contains: boolean;
};

export type Fact = {
  [K in QueryKind]: {
    readonly kind: K;
    readonly query: Extract<Query, { kind: K }>;
    readonly answer: Answers[K];
  };
}[QueryKind];

/** What is taken for the rules of a branch that cannot be read. */
export const UNKNOWN_RULES: Rules = { known: false, types: [], checks: [], reviews: 0, methods: null };

/** Answers by the canonical JSON of their query. */
export type Facts = ReadonlyMap<string, Fact>;

export const queryKey = (query: Query): string => canonical(query);

/** The refs of the repository as they were fetched: branches, tasks, candidates, results, attempts. */
export type Refs = Readonly<Record<RefName, Sha>>;
