import type { Commit, Head } from "./commits.ts";

export type Verdict = "green" | "red";

/** Verify runs of a commit. */
export type Check = {
  readonly verdicts: readonly Verdict[];
  /** Number of runs that run or wait for a runner; `started`: those that run. */ readonly running: number;
  readonly started: number;
};

/** Everything that a policy may read. */
export type View = {
  readonly now: number;
  readonly slots: number;
  readonly tip: Commit;
  /** Heads in the order in which they became ready, each after its needs unless these have landed. */
  readonly queue: readonly Head[];
  readonly needs: (step: number) => readonly number[];
  readonly isUrgent?: (step: number) => boolean;
  /** The part of the repository of a step; absent without parts. */
  readonly laneOf?: (step: number) => string;
  /** The kind of a step's run, which determines its duration; absent if all runs take the same time. */
  readonly kindOf?: (step: number) => string;
  /** Usual duration of the runs of each kind. */
  readonly usualTimes?: ReadonlyMap<string, number>;
  /** See `Scene`. */ readonly suspectsResolutions?: boolean;
  readonly check: (commit: Commit) => Check | undefined;
  readonly merge: (parent: Commit, head: Head) => Commit | null;
  /** The files in which a head conflicts with a commit. */
  readonly conflicts: (parent: Commit, head: Head) => readonly string[];
};

/**
 * Takes a head out of the queue. `red`: its author fixes it after red runs of a commit. `conflict`: the merger resolves its conflict with a commit.
 * `undone`: it loses its last resolution and joins the end of the queue with its old conflict. `suspected`: the merger repeats the last resolution,
 * which may be the cause of the red runs.
 */
export type Ejection = { readonly head: Head; readonly why: "red" | "conflict" | "undone" | "suspected"; readonly at: Commit };

type Decision = {
  /** The verified commit that becomes the base. */ readonly land: Commit | null;
  readonly eject: readonly Ejection[];
  /** Commits to run, the most urgent first. A repeated commit runs as often at the same time. Runs of other commits are cancelled. */
  readonly want: readonly Commit[];
  /** Time of the next decision even without an event. */ readonly wake?: number | null;
};

/** A policy keeps its own state between the decisions of a history. */
export type Policy = {
  readonly decide: (view: View) => Decision;
  /** Number of merges requested from git, if they are counted. */
  readonly merges?: () => number;
};

export type PolicyName = "serial" | "serial+1r" | "bors" | "bors+1r" | "zuul" | "zuul+1r" | "ours" | "ours+1r" | "oracle";

export const reds = (check: Check | undefined): number => check?.verdicts.filter((verdict) => verdict === "red").length ?? 0;

export const isGreen = (check: Check | undefined): boolean => check?.verdicts.includes("green") ?? false;
