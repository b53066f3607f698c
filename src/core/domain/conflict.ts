import type { Millis, Sha, TaskId } from "./ids.ts";

/** How two sides of a path conflict, as git tells it; `link` is a symbolic link. */
export const CONFLICT_KINDS = [
  "submodule",
  "binary",
  "link",
  "file/directory",
  "rename/rename",
  "rename/delete",
  "modify/delete",
  "contents",
] as const;
export type ConflictKind = (typeof CONFLICT_KINDS)[number];

export type Conflict = { readonly path: string; readonly kind: ConflictKind };

/** Tries to resolve one conflict before a person is needed. */
export const MAX_RESOLUTION_ATTEMPTS = 3;

/** A step's conflict with the base, and what came of it. Bound to a head: another head is another conflict. */
export type Resolution = {
  /** The head that conflicts. */
  readonly head: Sha;
  /** The landed base that it conflicts with: the job works on the merge of the two. */
  readonly onto: Sha;
  readonly conflicts: readonly Conflict[];
  /** Conflicting files that commands make anew, and these commands. */
  readonly regenerated: readonly string[];
  readonly regenerateCommands: readonly string[];
  /** The last job that was asked for; 0 before the first. Counts on over all conflicts of a step. */
  readonly attempt: number;
  /** Jobs that came to nothing. */
  readonly failedAttempts: number;
  /** Not started before (a fault's back-off); 0 for at once. */
  readonly notBefore: Millis;
  /** The deadline of the job that runs; null where none does. */
  readonly deadline: Millis | null;
  /** Why the last try came to nothing; empty before. */
  readonly log: string;
  /** The head that was made of it; null while there is none. */
  readonly resolvedHead: Sha | null;
  /** What whoever resolved it says of it. */
  readonly summary: string;
  /** The commit from which the head's own changes are counted, where it was made on commits that the base lost; absent for a merge like any other. */
  readonly forkPoint?: Sha;
  /** What the head that conflicts was made on: it may become the head again. */
  readonly headOrigin?: { readonly baseTip?: Sha; readonly builtOn: readonly { readonly task: TaskId; readonly head: Sha }[] };
  /** True once such a head did not pass verification. */
  readonly failedVerification: boolean;
};

/** Files whose content no text can be: nobody but a person can say which side is meant. */
const PERSON_ONLY_CONFLICTS: ReadonlySet<ConflictKind> = new Set(["submodule", "binary", "link", "file/directory"]);

export const needsPersonToResolve = ({ kind }: Conflict): boolean => PERSON_ONLY_CONFLICTS.has(kind);
