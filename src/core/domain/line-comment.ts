import type { Login, Millis, Sha } from "./ids.ts";

/** A comment on a line of a pull request's diff, or on a whole file of it. */
export type LineComment = {
  readonly id: number;
  /** GitHub's id of it where all kinds of things have one; empty where it has none. */
  readonly nodeId: string;
  readonly pull: number;
  /** The review that it was submitted with; null where that is not known. */
  readonly review: number | null;
  /** The comment that its thread begins with: itself, or the one that it answers. */
  readonly thread: number;
  readonly by: Login;
  readonly bot: boolean;
  readonly body: string;
  readonly created: Millis;
  readonly updated: Millis;
  readonly path: string;
  /** The last line, and the first one of a range, as they were when it was written; null for a whole file. */
  readonly line: number | null;
  readonly startLine: number | null;
  /** `old`: a line that the pull request removes. */
  readonly side: "old" | "new";
  readonly hunk: string;
  readonly commit: Sha;
  /** True where its lines are not in the diff any more. */
  readonly outdated: boolean;
};
