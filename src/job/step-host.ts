import type { TimerStarter } from "../storage/git/run-git.ts";

/** What the steps of a job have that know no token: they work from what `prepare` wrote. */
export type StepHost = {
  /** Absolute paths, as for `prepare`. */
  readonly workspace: string;
  readonly temp: string;
  /** The machine's environment; only a few names of it are handed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The model's key; empty where there is none. */
  readonly modelKey: string;
  /** How this installation's command line is started, for Enki's tools. */
  readonly node: string;
  readonly cli: string;
  readonly after: TimerStarter;
  readonly now: () => number;
  /** A word that nobody could know before. */
  readonly nonce: string;
  readonly log: (line: string) => void;
};
