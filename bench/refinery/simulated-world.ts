import type { Agenda } from "./agenda.ts";
import type { Board } from "./board.ts";
import { type Commit, type Commits, type Head, path } from "./commits.ts";
import type { Verdict } from "./policy.ts";
import type { Trace } from "./trace.ts";

export type HistoryEvent =
  | { readonly kind: "ready"; readonly step: number }
  | { readonly kind: "ran"; readonly commit: Commit; readonly run: number }
  | { readonly kind: "landed"; readonly commit: Commit }
  | { readonly kind: "pushed"; readonly red: boolean }
  | { readonly kind: "woken" };

/** Verdicts and open runs of a commit. `runs`: start times by number, the oldest run first; null while a run waits for a runner. */
export type RunRecord = { readonly verdicts: Verdict[]; readonly runs: Map<number, number | null> };

export type World = {
  readonly trace: Trace;
  readonly board: Board;
  readonly commits: Commits;
  readonly agenda: Agenda<HistoryEvent>;
  readonly checks: Map<Commit, RunRecord>;
  /** Commits with open runs. */ readonly running: Map<Commit, RunRecord>;
  /** Number of ended runs by content. */ readonly attempts: Map<number, number>;
  /** Runs that wait for a runner. Cancelled runs stay until their turn. */ readonly waiting: {
    readonly commit: Commit;
    readonly run: number;
  }[];
  /** Trees that were green. */ readonly green: Set<string>;
  readonly log: (line: string) => void;
  now: number;
  /** Number of runs with a runner. */ going: number;
  /** Time of the last head, ejection or landing. */ progressedAt: number;
  tip: Commit;
  landing: boolean;
  used: number;
  runs: number;
  resolutions: number;
  falseEjections: number;
  redLandings: number;
};

/** Formats a time for the log of a history. */
export const formatTime = (now: number): string => now.toFixed(2);

/** The letter of a step, as in the examples of the documentation, with a prime for each new head. */
export const nameHead = ({ step, version }: Head): string => String.fromCodePoint(65 + step) + "'".repeat(version);

/** The letters of the heads between two commits, in the order of their merges. */
export const nameHeads = (from: Commit, to: Commit): string =>
  (path(from, to) ?? []).map(({ head }) => (head ? nameHead(head) : "")).join("");
