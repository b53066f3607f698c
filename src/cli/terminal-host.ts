import type { Readable, Writable } from "node:stream";
import type { TimerStarter } from "../storage/git/run-git.ts";

/** What a subcommand has of its host. */
export type TerminalHost = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly exit: (code: number) => never;
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Whether a person reads the output and can answer. */
  readonly isInteractive: boolean;
  /** Characters in a line, and lines. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** What happens inside; for who asked to see it. */
  readonly log: (line: string) => void;
  /** Calls back when a person ends the program, before it ends. */
  readonly onInterrupt: (clean: () => Promise<void>) => void;
  /** Waits until a person ends the program. */
  readonly waitForInterrupt: () => Promise<void>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where this installation is: `action.yml`, `dist`, `roles`. */
  readonly root: string;
  readonly node: string;
  readonly now: () => number;
  readonly after: TimerStarter;
};
