import { readConfig } from "../core/config/read-config.ts";
import type { DecisionReader } from "../core/decisions/decision-transaction.ts";
import { explainExecution } from "../core/decisions/explain/explain-execution.ts";
import { explainTarget } from "../core/decisions/explain/explain-target.ts";
import type { Explanation } from "../core/domain/explanation.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { formatExplanation } from "../core/messages/explanation-text.ts";
import { readOptionsAndWords } from "./command-options.ts";
import { readEffectiveLayers } from "./effective-layers.ts";
import { type ExecutionChoice, findExecution, findOnIssues, listByAge } from "./find-execution.ts";
import { openLedgerReader } from "./ledger-reader.ts";
import { commandOptions, readIssueOption } from "./person-command.ts";
import { explainRun } from "./run-continuation.ts";
import { findInLedgers, readShownLedgers } from "./shown-ledgers.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const explainOptions = commandOptions;

/** The execution that is not finished, or a name on an issue of the ledger. */
const explainNamed = (reader: DecisionReader, ledger: Ledger, { issue, target }: ExecutionChoice): Explanation => {
  const here = listByAge(ledger).filter((execution) => issue === null || execution.issue === issue);
  if (target !== null && here.length > 0) return findOnIssues(here, target, (each) => explainTarget(reader, each, target));
  return explainExecution(reader, findExecution(ledger, { issue, target }).execution);
};

/** `enki explain [<step>]`: reads the ledger and says why a step, or the execution, is in its state. */
export const runExplainCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, explainOptions, 1);
  const choice = { issue: readIssueOption(values.issue), target: words[0] ?? null };
  const { config } = readConfig(await readEffectiveLayers(terminal));
  const { explanation: found, shown } = findInLedgers(await readShownLedgers(terminal), (shown) => ({
    explanation: explainNamed(
      openLedgerReader({ now: terminal.now(), config, pageUrl: shown.pageUrl }, shown.ledger),
      shown.ledger,
      choice,
    ),
    shown,
  }));
  const { ledger, run } = shown;
  const execution = ledger.executions[found.execution];
  const explanation = run === undefined || !execution ? found : explainRun(found, execution, run);
  const issue = execution?.issue ?? 0;
  terminal.out(values.json ? `${JSON.stringify(explanation)}\n` : `${formatExplanation(explanation, issue).join("\n")}\n`);
  return 0;
};
