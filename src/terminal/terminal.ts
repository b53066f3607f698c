import type { After } from "../git/run.ts";

/** What a subcommand has of its host. */
export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly cwd: string;
  readonly now: () => number;
  readonly after: After;
};
