import { type Execution, hasEnded } from "../core/domain/execution.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { openExecutionHistory } from "../storage/ledger/execution-history.ts";
import { CommandError, readOptionsAndWords } from "./command-options.ts";
import { type CommandTarget, findCommandTarget } from "./command-target.ts";
import { formatHeadline, formatTree } from "./execution-tree.ts";
import { findExecution } from "./find-execution.ts";
import { openBudgetLook } from "./ledger-reader.ts";
import { commandOptions, readIssueOption } from "./person-command.ts";
import { openProgressView } from "./progress-view.ts";
import { openProgressPrinter } from "./progress-events.ts";
import { openColours } from "./terminal-colours.ts";
import { formatWaiting, listHoldLines } from "./format-status.ts";
import { listWaiting } from "../core/messages/waiting-items.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { EXIT_WAITS } from "./exit-codes.ts";

export const watchOptions = {
  ...commandOptions,
  json: { type: "boolean", default: false, about: "prints each change as a line of JSON" },
  asks: { type: "boolean", default: false, about: "ends with exit code 3 as soon as something waits for a person" },
} as const;

const LOCAL_POLL_MS = 300;
const REMOTE_POLL_MS = 5_000;

/** `enki watch [<execution>]`: follows an execution to its end. Exits with 0 if done, 1 if it failed or was cancelled. */
export const runWatchCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, watchOptions, 1);
  const target = await findCommandTarget(terminal);
  const ledger = await target.readLedger();
  const { id } = findExecution(ledger, { issue: readIssueOption(values.issue), target: words[0] ?? null }).execution;
  return followExecution(terminal, target, { id, isJson: values.json, endsAtQuestions: values.asks });
};

type WatchInput = { readonly id: string; readonly isJson: boolean; readonly endsAtQuestions: boolean };

/** The exit code for the execution's state; null to continue. */
const toExitCode = (execution: Execution, endsAtQuestions: boolean): number | null => {
  if (hasEnded(execution)) return execution.state === "done" ? 0 : 1;
  return endsAtQuestions && listWaiting(execution).length > 0 ? EXIT_WAITS : null;
};

const followExecution = async (terminal: TerminalHost, target: CommandTarget, watched: WatchInput): Promise<number> => {
  const { id, isJson, endsAtQuestions } = watched;
  const history = openExecutionHistory(target.git, id);
  const progress = openProgressView(terminal);
  const printer = openProgressPrinter(terminal, { progress, isJson });
  const colour = openColours(terminal);
  const findHold = await openBudgetLook(terminal);
  for (;;) {
    const ledger = await target.readLedger();
    const execution = ledger?.executions[id];
    if (!ledger || !execution) throw new CommandError(`${id} was archived; see enki graph ${id}`);
    const plan = ledger.plans[execution.plan ?? ""] ?? null;
    const queue = readOwn(ledger.queues, execution.baseBranch);
    const hold = findHold(execution, ledger);
    const tree = {
      execution,
      plan,
      queue,
      hold,
      timeline: await history.read(),
      now: terminal.now(),
      width: terminal.size().columns,
      colour,
      isLive: true as const,
    };
    printer.print({ execution, queue, hold });
    const block = [formatHeadline(tree), ...formatTree(tree), ...listHoldLines(tree)];
    const code = toExitCode(execution, endsAtQuestions);
    if (code !== null) {
      progress.clearBlock();
      if (!isJson) terminal.out(`${[...block, ...formatWaiting(execution)].join("\n")}\n`);
      return code;
    }
    if (!isJson) progress.showBlock(block);
    await new Promise<void>((resolve) => void terminal.after(target.isLocal ? LOCAL_POLL_MS : REMOTE_POLL_MS, resolve));
  }
};
