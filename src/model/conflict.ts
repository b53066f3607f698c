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
export const MAX_TRIES = 3;

/** A step's conflict with the base, and what came of it. Bound to a head: another head is another conflict. */
export type Resolution = {
  /** The head that conflicts. */
  readonly head: Sha;
  /** The landed base that it conflicts with: the job works on the merge of the two. */
  readonly onto: Sha;
  readonly conflicts: readonly Conflict[];
  /** Conflicting files that commands make anew, and these commands. */
  readonly anew: readonly string[];
  readonly commands: readonly string[];
  /** The last job that was asked for; 0 before the first. Counts on over all conflicts of a step. */
  readonly attempt: number;
  /** Jobs that came to nothing. */
  readonly tries: number;
  /** Not started before (a fault's back-off); 0 for at once. */
  readonly notBefore: Millis;
  /** The deadline of the job that runs; null where none does. */
  readonly until: Millis | null;
  /** Why the last try came to nothing; empty before. */
  readonly log: string;
  /** The head that was made of it; null while there is none. */
  readonly made: Sha | null;
  /** What whoever resolved it says of it. */
  readonly said: string;
  /** The commit from which the head's own changes are counted, where it was made on commits that the base lost; absent for a merge like any other. */
  readonly from?: Sha;
  /** What the head that conflicts was made on: it may become the head again. */
  readonly before?: { readonly base?: Sha; readonly on: readonly { readonly task: TaskId; readonly head: Sha }[] };
  /** True once such a head did not pass verification. */
  readonly blamed: boolean;
};

/** Files whose content no text can be: nobody but a person can say which side is meant. */
const FOR_A_PERSON: ReadonlySet<ConflictKind> = new Set(["submodule", "binary", "link", "file/directory"]);

export const needsPerson = ({ kind }: Conflict): boolean => FOR_A_PERSON.has(kind);
