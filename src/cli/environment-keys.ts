import { LEDGER_KEY_VARIABLE, type LedgerKeys, readLedgerKeys } from "../storage/ledger/ledger-keys.ts";
import { UsageError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** The ledger's keys from the environment; without the variable, the App derives a key. */
export const readEnvironmentKeys = (env: TerminalHost["env"]): { ledgerKeys?: LedgerKeys } => {
  const text = env[LEDGER_KEY_VARIABLE] ?? "";
  if (text.trim() === "") return {};
  const keys = readLedgerKeys(text);
  if (!keys.ok) throw new UsageError(`${keys.refusal.message} To create one: ${keys.refusal.next}`);
  return { ledgerKeys: keys.value };
};
