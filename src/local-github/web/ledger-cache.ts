import type { ExecutionId, Sha } from "../../core/domain/ids.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import type { ExecutionHistory } from "../../storage/ledger/execution-history.ts";

/** The objects of an archived execution in the archive's tree. */
export type ArchivedFiles = { readonly month: string; readonly state: Sha | null; readonly plan: Sha | null };

/** The last read ledger of each repository, the histories of executions, and the contents of each archive. */
export type LedgerCache = {
  readonly ledgers: Map<string, { readonly commit: Sha; readonly ledger: Promise<Ledger | null> }>;
  readonly histories: Map<string, ExecutionHistory>;
  readonly archives: Map<string, { readonly commit: Sha; readonly files: Promise<ReadonlyMap<ExecutionId, ArchivedFiles>> }>;
};

export const createLedgerCache = (): LedgerCache => ({ ledgers: new Map(), histories: new Map(), archives: new Map() });
