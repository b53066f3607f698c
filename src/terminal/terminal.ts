import type { Readable, Writable } from "node:stream";
import type { After } from "../git/run.ts";

/** What a subcommand has of its host. */
export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly exit: (code: number) => never;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where this installation is: `action.yml`, `dist`, `roles`. */
  readonly root: string;
  readonly node: string;
  readonly now: () => number;
  readonly after: After;
};
