import type { Login, Millis, Sha } from "./ids.ts";

/** A person's permission as GitHub reported it. `unknown` was not looked up and counts as untrusted. */
export type KnownPermission = "admin" | "write" | "read" | "none" | "unknown";

/** Authors whose comments belong to a brief: everyone, people with write permission, or no one. */
export type BriefComments = "all" | "collaborators" | "none";

export type BriefComment = {
  readonly id: number;
  readonly by: Login;
  readonly permission: KnownPermission;
  readonly at: Millis;
  readonly text: string;
};

export type ChangedFile = { readonly path: string; readonly added: number; readonly removed: number };

/** The pull request that a command was written on. */
export type BriefPull = {
  readonly baseBranch: string;
  /** The head branch; `<owner>:<branch>` in a fork. */
  readonly headRef: string;
  readonly head: Sha;
  readonly files: readonly ChangedFile[];
  /** Number of changed files missing from `files`. */
  readonly omittedFiles: number;
  /** Absent in briefs of earlier versions. */
  readonly diff?: PullDiff;
};

/** The changed lines of a pull request. */
export type PullDiff = {
  readonly text: string;
  /** Files without a shown diff: too long, or binary. */
  readonly left: readonly string[];
};

/** Numbers of comments left out of a brief, by reason. */
export type OmittedComments = {
  /** The oldest, if all together are too many or too long. */
  readonly older: number;
  /** Edited after the command: the commenter may not have read the present text. */
  readonly edited: number;
  /** By people without write permission, if the configuration excludes them. */
  readonly untrusted: number;
};

/** A linked attachment or place in the code. */
export type BriefFile = {
  readonly name: string;
  readonly url: string;
  /** Whether the person who linked the file has write permission. */
  readonly trusted: boolean;
  /** `null` if the file was not read; `reason` says why. */
  readonly text: string | null;
  readonly reason: string;
};

/** Which texts were read later than the command, when, and whether they are known to have been edited since. */
export type LateText = { readonly title: boolean; readonly body: boolean; readonly at: Millis; readonly edited: boolean };

/**
 * The texts on an issue up to a command. Read once, when the command is accepted; every job of the execution receives the same brief.
 * Excludes everything invisible to a reader on GitHub.
 */
export type Brief = {
  readonly issue: number;
  readonly title: string;
  readonly body: string;
  readonly by: Login;
  readonly permission: KnownPermission;
  readonly created: Millis;
  /** The time of the command. */
  readonly asOf: Millis;
  /** Oldest first. */
  readonly comments: readonly BriefComment[];
  readonly omitted: OmittedComments;
  readonly files: readonly BriefFile[];
  /** Present if title or body may differ from their state at the time of the command. */
  readonly late?: LateText;
  /** `null` for an issue. */
  readonly pull: BriefPull | null;
};

/** People with write permission can request anything themselves, so their words are trusted like the requester's. */
export const isTrustedPermission = (permission: KnownPermission): boolean => permission === "admin" || permission === "write";
