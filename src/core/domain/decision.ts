import type { Config } from "./config.ts";
import type { Effect } from "./effect.ts";
import type { Login, Millis, RefName, Sha } from "./ids.ts";
import type { Ledger } from "./ledger.ts";
import type { QueryFacts, Query, RepositoryRefs } from "./query.ts";

/** All that a decision may see. */
export type Snapshot = {
  readonly now: Millis;
  /** How long whoever finds an effect that another asked for waits before looking it up, in milliseconds; 0 where one process owns the repository. */
  readonly graceMs: Millis;
  /** Our own login, so that we never answer ourselves. */
  readonly botLogin: Login;
  readonly defaultBranch: string;
  readonly config: Config;
  readonly ledger: Ledger;
  readonly refs: RepositoryRefs;
  readonly facts: QueryFacts;
};

/** One ref in the push that saves the ledger: under the lease of `from`, null where it must not exist; to null deletes. */
export type RefMove = { readonly ref: RefName; readonly oldSha: Sha | null; readonly newSha: Sha | null };

/** `need`: read these and decide again. `act`: save ledger and refs in one push, then perform. */
export type Decision =
  | { readonly kind: "need"; readonly queries: readonly Query[] }
  | {
      readonly kind: "act";
      readonly ledger: Ledger;
      /** What happened, for the ledger's commit message: one line each. */
      readonly notes: readonly string[];
      readonly refMoves: readonly RefMove[];
      /** Result commits to keep reachable: new parents of `refs/enki/attempts`. */
      readonly retainedResults: readonly Sha[];
      readonly effects: readonly Effect[];
      /** Keys of effects that somebody asked for before us: they are looked up before they are performed. */
      readonly repeated: ReadonlySet<string>;
      /** False when the ledger only learned what could be looked up: that is saved with the next write. */
      readonly mustSave: boolean;
      /** When to decide again even if nothing happens; null for never. */
      readonly wakeAt: Millis | null;
    };
