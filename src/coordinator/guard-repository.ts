import type { Ledger } from "../core/domain/ledger.ts";
import type { RepositoryRefs } from "../core/domain/query.ts";
import { describeRestoration } from "../core/messages/refused-ledger.ts";
import { LEDGER_KEY_FAULT } from "../core/messages/refusals/ledger.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { loadRefusedLedgers, openLedgerGuard } from "../storage/ledger/guard-ledger.ts";
import type { LedgerSeal } from "../storage/ledger/ledger-keys.ts";

type GuardedRepository = {
  readonly clone: RepositoryClone;
  readonly seal?: LedgerSeal | undefined;
  readonly log: (line: string) => void;
};

/** The guard of the ledger. Without a key, every ledger counts. */
export const guardRepository = ({ clone, seal, log }: GuardedRepository) => {
  if (seal === undefined) {
    log(LEDGER_KEY_FAULT.message);
    return { verify: clone.refs, remember: () => undefined, refused: () => Promise.resolve([]), sealed: undefined };
  }
  const guard = openLedgerGuard({ clone, seal, reportRestored: (restoration) => log(describeRestoration(restoration)) });
  return {
    verify: guard.verify,
    remember: guard.remember,
    refused: (refs: RepositoryRefs, ledger: Ledger) => loadRefusedLedgers(clone, refs, ledger),
    sealed: { seal, toOwnMoves: guard.toOwnMoves },
  };
};
