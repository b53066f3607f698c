import type { Execution } from "../core/domain/execution.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { renderExecutionHeadline } from "../core/messages/execution-comment.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";
import { openObjectFiles } from "../storage/git/object-files.ts";
import { readRef } from "../storage/git/read-refs.ts";
import { formatWaiting } from "./format-status.ts";
import { openBudgetLook } from "./ledger-reader.ts";
import { readLedgerOf } from "./local-ledger.ts";
import { openProgressPrinter } from "./progress-events.ts";
import type { TerminalHost } from "./terminal-host.ts";

const POLL_MS = 300;

type ExecutionFollower = (execution: Execution, ledger: Ledger) => void;

/** Prints the changes of an execution: each line starts with the execution's id. */
const openFollower = async (terminal: TerminalHost, id: string): Promise<ExecutionFollower> => {
  const findHold = await openBudgetLook(terminal);
  const printLine = (line: string): void => terminal.out(`${id} ${line}\n`);
  const printer = openProgressPrinter({ ...terminal, isInteractive: false }, { progress: { printLine }, isJson: false });
  let shownHeadline = "";
  let shownWaiting = "";
  return (execution, ledger) => {
    const queue = readOwn(ledger.queues, execution.baseBranch);
    printer.print({ execution, queue, hold: findHold(execution, ledger) });
    const all = Object.values(execution.steps);
    const headline =
      execution.state === "planning" ? "" : renderExecutionHeadline(execution, { all, frozen: (queue?.frozen ?? null) !== null });
    if (headline !== shownHeadline && headline !== "") printLine(headline);
    shownHeadline = headline;
    const waiting = formatWaiting(execution).slice(1).join("\n");
    if (waiting !== shownWaiting && waiting !== "") terminal.out(`${id} ${waiting.charAt(0).toLowerCase()}${waiting.slice(1)}\n`);
    shownWaiting = waiting;
  };
};

/**
 * Prints what happens in the executions of a machine's repository, a line for each change, until the returned function is called. A task
 * for a person is printed with the command to run.
 */
export const followMachine = (terminal: TerminalHost, bareRepository: string): (() => void) => {
  const at = { directory: bareRepository, after: terminal.after, objects: openObjectFiles(bareRepository) };
  const followers = new Map<string, ExecutionFollower>();
  let head: string | null = null;
  let cancelTimer = (): void => undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    const now = await readRef(at, LEDGER_REF);
    if (now === null || now === head) return;
    const ledger = await readLedgerOf(at, now);
    head = now;
    for (const execution of Object.values(ledger?.executions ?? {})) {
      const follow = followers.get(execution.id) ?? (await openFollower(terminal, execution.id));
      followers.set(execution.id, follow);
      if (ledger && !isStopped) follow(execution, ledger);
    }
  };
  const lookAgain = (): void => {
    if (isStopped) return;
    cancelTimer = terminal.after(
      POLL_MS,
      () =>
        void look()
          .catch((error: unknown) => terminal.log(String(error)))
          .then(lookAgain),
    );
  };
  lookAgain();
  return () => {
    isStopped = true;
    cancelTimer();
  };
};
