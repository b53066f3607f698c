import type { Login, Millis, Sha } from "./ids.ts";

/** What GitHub said that a person may do; `unknown` where it was not asked: nobody is trusted for that. */
export type KnownPermission = "admin" | "write" | "read" | "none" | "unknown";

/** Whose comments are read with an issue: everybody's, those of people with write permission, nobody's. */
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
  /** The branch of the head; `<owner>:<branch>` for one of a fork. */
  readonly headRef: string;
  readonly head: Sha;
  readonly files: readonly ChangedFile[];
  /** Changed files that are not among these. */
  readonly omittedFiles: number;
  /** A brief of an earlier version has none. */
  readonly diff?: PullDiff;
};

/** The changed lines of a pull request. */
export type PullDiff = {
  readonly text: string;
  /** Files whose lines are not shown: too long, or not text. */
  readonly left: readonly string[];
};

/** Comments that are not in a brief, by the reason. */
export type OmittedComments = {
  /** Too many or too long: the oldest. */
  readonly older: number;
  /** Changed after the command: nobody knows what the person who asked had read. */
  readonly edited: number;
  /** By people without write permission, where the configuration leaves them out. */
  readonly untrusted: number;
};

/** What a text links to: a file that somebody attached, or a place in the code. */
export type BriefFile = {
  readonly name: string;
  readonly url: string;
  /** True where who linked it has write permission. */
  readonly trusted: boolean;
  /** Null where it was not read, with the reason. */
  readonly text: string | null;
  readonly reason: string;
};

/** A title or text as it was later than the command: which of them, since when it was so, and whether it is known that it was edited. */
export type LateText = { readonly title: boolean; readonly body: boolean; readonly at: Millis; readonly edited: boolean };

/**
 * What people wrote on an issue up to a command: read once, when the command is accepted, and the same for every job of its execution.
 * All texts are without what a reader of the issue cannot see.
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
  /** Where title or text may not be what they were at the time of the command; else absent. */
  readonly late?: LateText;
  /** Null for an issue. */
  readonly pull: BriefPull | null;
};

/** People with write permission may ask for anything themselves, so their words count like those of the person who asked. */
export const isTrustedPermission = (permission: KnownPermission): boolean => permission === "admin" || permission === "write";
