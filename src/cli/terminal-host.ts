import type { Readable, Writable } from "node:stream";
import type { TimerStarter } from "../storage/git/run-git.ts";

/** The host's functions for a subcommand. */
export type TerminalHost = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly exit: (code: number) => never;
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Whether a person reads the output and can answer. */
  readonly isInteractive: boolean;
  /** Characters a line, and number of lines. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Debug output, printed with `ENKI_LOG`. */
  readonly log: (line: string) => void;
  /** Registers a callback for an interrupt, before the program ends: with 130, or with a code of its own. */
  readonly onInterrupt: (clean: () => Promise<void>, exitCode?: number) => void;
  /** Waits until a person interrupts the program. */
  readonly waitForInterrupt: () => Promise<void>;
  readonly cwd: string;
  /** The directory in which the program creates directories for temporary files. */
  readonly temporary: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The installation directory: `action.yml`, `dist`, `roles`. */
  readonly root: string;
  readonly node: string;
  /** The private key of the App on a local GitHub; generated at its start if absent, which takes a fifth of a second. */
  readonly appKey?: string;
  readonly now: () => number;
  readonly after: TimerStarter;
};
