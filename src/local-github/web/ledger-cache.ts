import type { Sha } from "../../core/domain/ids.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import type { ExecutionHistory } from "../../storage/ledger/execution-history.ts";

/** The last read ledger of each repository, and the histories of executions. */
export type LedgerCache = {
  readonly ledgers: Map<string, { readonly commit: Sha; readonly ledger: Promise<Ledger | null> }>;
  readonly histories: Map<string, ExecutionHistory>;
};

export const createLedgerCache = (): LedgerCache => ({ ledgers: new Map(), histories: new Map() });
