import type { Execution } from "../core/domain/execution.ts";
import { hasEnded } from "../core/domain/execution.ts";
import { boundsOf, sumWaits, type ExecutionTimeline } from "../core/domain/execution-timeline.ts";
import { readOwn } from "../core/domain/own-record.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";
import { findQuotaEnd } from "../core/messages/quota-note.ts";
import { openExecutionHistory } from "../storage/ledger/execution-history.ts";
import { readOptionsAndWords } from "./command-options.ts";
import { formatStatus } from "./format-status.ts";
import { findExecution } from "./find-execution.ts";
import { commandOptions, readIssueOption } from "./person-command.ts";
import { findInLedgers, readShownLedgers, type ShownLedger } from "./shown-ledgers.ts";
import { openColours } from "./terminal-colours.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { listWaiting } from "../core/messages/waiting-items.ts";

export const statusOptions = commandOptions;

/** The state of an execution for programs. */
const toStatusJson = (execution: Execution, timeline: ExecutionTimeline, now: number) => ({
  execution: execution.id,
  issue: execution.issue,
  state: execution.state,
  request: execution.request,
  base: execution.baseBranch,
  createdAt: new Date(execution.createdAt).toISOString(),
  quotaUntil: formatQuotaEnd(execution),
  steps: Object.values(execution.steps).map((step) => {
    const spans = timeline.steps[step.id] ?? [];
    const { from, to } = boundsOf(spans);
    return {
      id: step.id,
      state: step.state,
      attempt: step.attempt,
      why: step.refusal?.message ?? null,
      pull: step.pull,
      landed: step.landed?.commit ?? null,
      startedAt: from === null ? null : new Date(from).toISOString(),
      endedAt: to === null ? null : new Date(to).toISOString(),
      waitedMs: sumWaits(spans, now),
    };
  }),
  waiting: listWaiting(execution).map(({ kind, step, text, command, pull }) => ({ kind, step, text, command, pull })),
});

const formatQuotaEnd = (execution: Execution): string | null => {
  const until = findQuotaEnd(execution);
  return until === null ? null : new Date(until).toISOString();
};

/** The executions to show: the named one, or those that are not finished, or the newest. */
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
  const place = findInLedgers(await readShownLedgers(terminal), (each) => ({ ...each, shown: chooseShown(each.ledger, issue, word) }));
  const { ledger, shown, name } = place;
  if (shown.length === 0) terminal.out(values.json ? "[]\n" : `Nothing was asked of Enki in ${name} yet.\n`);
  const now = terminal.now();
  const read = await Promise.all(shown.map(async (execution) => ({ execution, timeline: await readTimeline(place, execution) })));
  if (values.json) {
    if (read.length > 0) terminal.out(`${JSON.stringify(read.map(({ execution, timeline }) => toStatusJson(execution, timeline, now)))}\n`);
    return 0;
  }
  for (const { execution, timeline } of read) {
    const plan = ledger.plans[execution.plan ?? ""] ?? null;
    const tree = { execution, plan, timeline, now, width: terminal.size().columns, colour: openColours(terminal) };
    const frozen = readOwn(ledger.queues, execution.baseBranch)?.frozen ?? null;
    // Nobody can answer a run that is over.
    terminal.out(`${formatStatus(tree, { name, isOpen: place.ref === LEDGER_REF, frozen }).join("\n")}\n`);
  }
  return 0;
};

const readTimeline = ({ git, ref }: ShownLedger, { id }: Execution): Promise<ExecutionTimeline> =>
  openExecutionHistory(git, id, ref).read();
