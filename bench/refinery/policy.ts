import type { Commit, Head } from "./commits.ts";

export type Verdict = "green" | "red";

/** Verify runs of one commit. */
export type Check = {
  readonly verdicts: readonly Verdict[];
  /** How many run now or wait for a runner, and how many of them run. */ readonly running: number;
  readonly started: number;
};

/** All that a policy may look at. */
export type View = {
  readonly now: number;
  readonly slots: number;
  readonly tip: Commit;
  /** What is ready, in the order in which it became so: each after what it needs, unless that landed. */
  readonly queue: readonly Head[];
  readonly needs: (step: number) => readonly number[];
  readonly isUrgent?: (step: number) => boolean;
  /** Which part of the repository a step is in; absent if all are in one. */
  readonly laneOf?: (step: number) => string;
  /** What the time of a step's run depends on; absent if all take the same time. */
  readonly kindOf?: (step: number) => string;
  /** How long runs of each kind took in earlier work. */
  readonly usualTimes?: ReadonlyMap<string, number>;
  /** See the scene of this name. */ readonly suspectsResolutions?: boolean;
  readonly check: (commit: Commit) => Check | undefined;
  readonly merge: (parent: Commit, head: Head) => Commit | null;
  /** The files in which a head cannot be merged into a commit. */
  readonly conflicts: (parent: Commit, head: Head) => readonly string[];
};

/**
 * Sends a head back: to its author, because of red runs of a commit, or to the merger, because it cannot be merged into a commit. Or undoes its last
 * resolution, so that it is at the end of the queue with its conflict again; or resolves the same conflict again, because the resolution is `suspected`
 * to be the reason of the red runs.
 */
export type Ejection = { readonly head: Head; readonly why: "red" | "conflict" | "undone" | "suspected"; readonly at: Commit };

type Decision = {
  /** A verified commit that becomes the base. */ readonly land: Commit | null;
  readonly eject: readonly Ejection[];
  /** Commits to run, the most urgent first, one named twice runs twice at the same time; a run that is not wanted any more is cancelled. */
  readonly want: readonly Commit[];
  /** When to ask again even if nothing happened. */ readonly wake?: number | null;
};

/** A policy keeps its own state between decisions of one history. */
export type Policy = {
  readonly decide: (view: View) => Decision;
  /** Merges that it asked git for, where they are counted. */
  readonly merges?: () => number;
};

export type PolicyName = "serial" | "serial+1r" | "bors" | "bors+1r" | "zuul" | "zuul+1r" | "ours" | "ours+1r" | "oracle";

export const reds = (check: Check | undefined): number => check?.verdicts.filter((verdict) => verdict === "red").length ?? 0;

export const isGreen = (check: Check | undefined): boolean => check?.verdicts.includes("green") ?? false;
