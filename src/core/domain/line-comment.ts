import type { Login, Millis, Sha } from "./ids.ts";

/** A comment on a line or a whole file of a pull request's diff. */
export type LineComment = {
  readonly id: number;
  /** GitHub's global node id; empty if unknown. */
  readonly nodeId: string;
  readonly pull: number;
  /** The review submitted with the comment; null if unknown. */
  readonly review: number | null;
  /** Id of the thread's first comment, which may be this comment. */
  readonly thread: number;
  readonly by: Login;
  readonly bot: boolean;
  readonly body: string;
  readonly created: Millis;
  readonly updated: Millis;
  readonly path: string;
  /** The last line and the first line of a range, as of the comment's creation; null for a whole file. */
  readonly line: number | null;
  readonly startLine: number | null;
  /** `old`: a removed line. */
  readonly side: "old" | "new";
  readonly hunk: string;
  readonly commit: Sha;
  /** Whether the lines are no longer part of the diff. */
  readonly outdated: boolean;
};
