import type { Execution } from "../core/domain/execution.ts";
import { hasEnded } from "../core/domain/execution.ts";
import { boundsOf, sumWaits, type ExecutionTimeline } from "../core/domain/execution-timeline.ts";
import { readOwn } from "../core/domain/own-record.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { formatBudgetLine } from "../core/messages/budget-text.ts";
import { toTerminalLine } from "../core/messages/failure-action.ts";
import { findQuotaEnd } from "../core/messages/quota-note.ts";
import { findShownEnd } from "../core/messages/time-left.ts";
import { formatQueueLines, isQueueShared, listQueues } from "../core/messages/queue-overview.ts";
import { openPlaces } from "../core/messages/queue-place.ts";
import { openExecutionHistory } from "../storage/ledger/execution-history.ts";
import { readOptionsAndWords } from "./command-options.ts";
import type { TreeInput } from "./execution-tree.ts";
import { formatStatus } from "./format-status.ts";
import { findExecution } from "./find-execution.ts";
import { openBudgetLook } from "./ledger-reader.ts";
import { commandOptions, readIssueOption } from "./person-command.ts";
import { findContinuation, isInterruptedRun } from "./run-continuation.ts";
import { findInLedgers, readShownLedgers, type RunActivity, type ShownLedger } from "./shown-ledgers.ts";
import { openColours } from "./terminal-colours.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { listWaiting } from "../core/messages/waiting-items.ts";

export const statusOptions = {
  ...commandOptions,
  queue: { type: "boolean", default: false, about: "shows only what waits to land, across all executions" },
} as const;

type ShownStatus = Pick<TreeInput, "execution" | "timeline" | "queue" | "hold" | "now">;

/** The state of an execution for programs. */
const toStatusJson = ({ execution, timeline, queue, hold, now }: ShownStatus, run: RunActivity | undefined) => ({
  execution: execution.id,
  issue: execution.issue,
  state: execution.state,
  request: execution.request,
  base: execution.baseBranch,
  createdAt: new Date(execution.createdAt).toISOString(),
  quotaUntil: formatTime(findQuotaEnd(execution)),
  expectedEnd: formatTime(findShownEnd(execution, { queue, hold })),
  budgetHold: hold && formatBudgetLine(hold, execution.id),
  steps: Object.values(execution.steps).map((step) => {
    const spans = timeline.steps[step.id] ?? [];
    const { from, to } = boundsOf(spans);
    return {
      id: step.id,
      state: step.state,
      place: step.state === "published" ? openPlaces(execution.id, queue)(step.id) : null,
      attempt: step.attempt,
      why: step.refusal?.message ?? null,
      pull: step.pull,
      landed: step.landed?.commit ?? null,
      startedAt: formatTime(from),
      endedAt: formatTime(to),
      waitedMs: sumWaits(spans, now),
    };
  }),
  waiting: listWaiting(execution).map(({ kind, step, text, command, pull }) => ({
    kind,
    step,
    text,
    command: run === undefined ? command : toTerminalLine(findContinuation(execution, run)?.command ?? "", 0),
    pull,
  })),
  ...(run !== undefined && { run }),
});

const formatTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** The executions to show: the named execution, or the unfinished executions, or the newest. */
export const chooseShown = (ledger: Ledger, issue: number | null, word: string | null): Execution[] => {
  if (word !== null || issue !== null) return [findExecution(ledger, { issue, target: word }).execution];
  const all = Object.values(ledger.executions).toSorted((a, b) => a.createdAt - b.createdAt);
  const open = all.filter((execution) => !hasEnded(execution));
  return open.length > 0 ? open : all.slice(-1);
};

/** `enki status [<execution>]`: reads the ledger and shows the tree of each execution that is not finished, and what waits for the person. */
export const runStatusCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, statusOptions, 1);
  const [issue, word] = [readIssueOption(values.issue), words[0] ?? null];
  if (values.queue) return showQueues(terminal, values.json);
  const place = findInLedgers(await readShownLedgers(terminal), (each) => ({ ...each, shown: chooseShown(each.ledger, issue, word) }));
  const { ledger, shown, name } = place;
  if (shown.length === 0) terminal.out(values.json ? "[]\n" : `Enki has received no request in ${name} yet.\n`);
  const now = terminal.now();
  const findHold = await openBudgetLook(terminal);
  const { columns: width } = terminal.size();
  const trees = await Promise.all(
    shown.map(async (execution): Promise<TreeInput> => {
      const [plan, queue] = [ledger.plans[execution.plan ?? ""] ?? null, readOwn(ledger.queues, execution.baseBranch)];
      const [hold, timeline] = [findHold(execution, ledger), await readTimeline(place, execution)];
      const isInterrupted = place.run !== undefined && isInterruptedRun(execution, place.run);
      return { execution, plan, queue, hold, timeline, now, width, isInterrupted, colour: openColours(terminal) };
    }),
  );
  if (values.json) {
    if (trees.length > 0) terminal.out(`${JSON.stringify(trees.map((tree) => toStatusJson(tree, place.run)))}\n`);
    return 0;
  }
  const toPrintCommand = (path: string) => formatGitShow(terminal, place, path);
  for (const tree of trees) {
    // Nobody can comment on a run.
    const run = place.run === undefined ? null : { continuation: findContinuation(tree.execution, place.run) };
    terminal.out(`${formatStatus(tree, { name, run, toPrintCommand }).join("\n")}\n`);
  }
  const shared = listQueues(ledger, now).filter((queue) => isQueueShared(queue));
  for (const queue of shared) terminal.out(`\n${formatQueueLines(queue, now).join("\n")}\n`);
  return 0;
};

/** `enki status --queue` */
const showQueues = async (terminal: TerminalHost, isJson: boolean): Promise<number> => {
  const { ledger, name } = findInLedgers(await readShownLedgers(terminal), (each) => each);
  const now = terminal.now();
  const queues = listQueues(ledger, now);
  if (isJson) terminal.out(`${JSON.stringify(queues)}\n`);
  else if (queues.length === 0) terminal.out(`Nothing waits to land in ${name}.\n`);
  else terminal.out(`${queues.map((queue) => formatQueueLines(queue, now).join("\n")).join("\n\n")}\n`);
  return 0;
};

/** The ledger of a local GitHub is in its own repository. */
const formatGitShow = ({ cwd }: TerminalHost, { git: { directory }, ref }: ShownLedger, path: string): string =>
  `git ${cwd === directory || cwd.startsWith(`${directory}/`) ? "" : `-C ${directory} `}show ${ref}:${path}`;

const readTimeline = ({ git, ref }: ShownLedger, { id }: Execution): Promise<ExecutionTimeline> =>
  openExecutionHistory(git, id, ref).read();
