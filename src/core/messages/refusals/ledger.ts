import { refuse, type Refusal, type RefusedResult } from "../../domain/refusal.ts";

/** The finding for an installation without a ledger key. */
export const LEDGER_KEY_FAULT: Refusal = refuse(
  "ledger-unsigned",
  "The ledger is not signed, so anyone with write access to the repository could change it.",
  "set ENKI_LEDGER_KEY to an Ed25519 private key that only Enki can read",
).refusal;

export const refuseNewerLedger = (format: number, own: number): RefusedResult =>
  refuse("newer-ledger", `The ledger has format ${format}, but this version of Enki reads only formats up to ${own}.`, "update Enki");

export const refuseBrokenLedger = (reason: string): RefusedResult =>
  refuse("broken-ledger", `The ledger cannot be read: ${reason}`, "enki doctor");

export const refuseBadLedgerKey = (variable: string): RefusedResult =>
  refuse(
    "bad-ledger-key",
    `\`${variable}\` does not contain an Ed25519 private key without a passphrase.`,
    "ssh-keygen -t ed25519 -N '' -f ledger-key",
  );
