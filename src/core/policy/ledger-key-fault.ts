import { refuse, type Refusal } from "../domain/refusal.ts";

/** The finding for an installation without a ledger key. */
export const LEDGER_KEY_FAULT: Refusal = refuse(
  "ledger-unsigned",
  "The ledger is not signed, so anyone with write access to the repository could change it.",
  "set ENKI_LEDGER_KEY to an Ed25519 private key that only Enki can read",
).refusal;
