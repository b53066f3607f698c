import type { LedgerWrite } from "../../src/storage/ledger/save-ledger.ts";

/** A write of the ledger alone, without landings, results and inputs. */
export const PLAIN_WRITE: Omit<LedgerWrite, "before" | "head" | "after" | "nonce"> = {
  notes: ["a note"],
  moves: [],
  attempts: [],
  attemptsTip: null,
  archiveTip: null,
  inputs: { events: [] },
  at: 0,
};
