import type { Config } from "./config.ts";
import type { Effect } from "./effect.ts";
import type { Login, Millis, RefName, Sha } from "./ids.ts";
import type { Ledger } from "./ledger.ts";
import type { TextCommit } from "./text-commit.ts";
import type { QueryFacts, Query, RepositoryRefs } from "./query.ts";

/** Counts the changes of decisions. A decision that an earlier version stored is decided again by its own rules. */
export const DECISION_RULES = 6;

/** Whether a decision follows the rules that came with this number. */
export const followsRules = ({ rules = 0 }: Pick<Snapshot, "rules">, number: number): boolean => rules >= number;

/** Everything a decision may read. */
export type Snapshot = {
  readonly now: Millis;
  /** Wait before looking up an effect that another process requested; 0 if one process owns the repository. */
  readonly graceMs: Millis;
  /** Enki's own login; its comments are ignored. */
  readonly botLogin: Login;
  readonly defaultBranch: string;
  /** Address of the repository's pages, for links; absent in decisions of earlier versions. */
  readonly repositoryUrl?: string;
  /** Set if no key signs the ledger, so that people with write access are trusted with it. */
  readonly unsignedLedger?: true;
  /** Set if the process ends once nothing is left to do, so progress is shown at once. */
  readonly endsWhenIdle?: true;
  /** See {@link DECISION_RULES}; absent in decisions of earlier versions. */
  readonly rules?: number;
  /** The number of jobs that can run at the same time; absent if unknown. */
  readonly runners?: number;
  readonly config: Config;
  readonly ledger: Ledger;
  readonly refs: RepositoryRefs;
  readonly facts: QueryFacts;
};

/** A ref in the push of the ledger. A null `oldSha` requires that the ref does not exist; a null `newSha` deletes it. */
export type RefMove = { readonly ref: RefName; readonly oldSha: Sha | null; readonly newSha: Sha | null };

/** `need`: answer the queries and decide again. `act`: save ledger and refs in one push, then perform the effects. */
export type Decision =
  | { readonly kind: "need"; readonly queries: readonly Query[] }
  | {
      readonly kind: "act";
      readonly ledger: Ledger;
      /** Lines of the ledger's commit message. */
      readonly notes: readonly string[];
      readonly refMoves: readonly RefMove[];
      /** Result commits to keep reachable as new parents of `refs/enki/attempts`. */
      readonly retainedResults: readonly Sha[];
      /** Commits of linked texts, stored and kept reachable in the same way. */
      readonly retainedTexts: readonly TextCommit[];
      readonly effects: readonly Effect[];
      /** Keys of effects requested by an earlier process: look them up before performing them. */
      readonly repeated: ReadonlySet<string>;
      /** `false` if the ledger gained only facts that can be looked up again: the next write saves them. */
      readonly mustSave: boolean;
      /** Next decision time without an event; null for never. */
      readonly wakeAt: Millis | null;
    };
