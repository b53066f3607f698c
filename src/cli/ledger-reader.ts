import { readConfig } from "../core/config/read-config.ts";
import { viewBudget } from "../core/decisions/budget-room.ts";
import { type DecisionReader, openTransaction } from "../core/decisions/decision-transaction.ts";
import type { Config } from "../core/domain/config.ts";
import type { Execution } from "../core/domain/execution.ts";
import type { Millis } from "../core/domain/ids.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { BudgetHold } from "../core/messages/budget-text.ts";
import { readEffectiveLayers } from "./effective-layers.ts";
import type { TerminalHost } from "./terminal-host.ts";

type ReaderFrame = { readonly now: Millis; readonly config: Config; readonly pageUrl?: string | null };

/** A reader of the ledger with the configuration of the working directory. The reader makes no decisions. */
export const openLedgerReader = ({ now, config, pageUrl = null }: ReaderFrame, ledger: Ledger): DecisionReader =>
  openTransaction({
    now,
    graceMs: 0,
    botLogin: "",
    defaultBranch: "",
    ...(pageUrl !== null && { repositoryUrl: pageUrl }),
    config,
    ledger,
    refs: {},
    facts: new Map(),
  });

/** Returns the exhausted budget of an execution; null if the budget has room. */
export type BudgetLook = (execution: Execution, ledger: Ledger) => BudgetHold | null;

export const openBudgetLook = async (terminal: TerminalHost): Promise<BudgetLook> => {
  const { config } = readConfig(await readEffectiveLayers(terminal));
  return (execution, ledger) => viewBudget(openLedgerReader({ now: terminal.now(), config }, ledger), execution).hold;
};
