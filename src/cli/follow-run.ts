import { readOwn } from "../core/domain/own-record.ts";
import type { RunStory, RunEnd, RunView } from "./run-story.ts";
import { type RunConversation, askOpenQuestions } from "./ask-open-questions.ts";
import type { Sha } from "../core/domain/ids.ts";
import { openObjectFiles } from "../storage/git/object-files.ts";
import { readRef } from "../storage/git/read-refs.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";
import { readLedgerOf } from "./local-ledger.ts";
import { hasEnded } from "../core/domain/execution.ts";
import { type ExecutionTimeline, startTimeline } from "../core/domain/execution-timeline.ts";
import { formatBudgetLine } from "../core/messages/budget-text.ts";
import { formatDuration } from "../core/messages/duration-text.ts";
import { type ExecutionHistory, openExecutionHistory } from "../storage/ledger/execution-history.ts";
import { formatHeadline, formatTree, type TreeInput } from "./execution-tree.ts";
import { openBudgetLook } from "./ledger-reader.ts";
import { openLiveEvents } from "./live-events.ts";
import { openProgressPrinter } from "./progress-events.ts";
import { openColours } from "./terminal-colours.ts";
import { sortMailsByTime } from "../core/domain/mail.ts";
import { findQuotaEnd, formatQuotaLine, RESUME_WITH_KEY } from "../core/messages/quota-note.ts";
import { renderMailText } from "../core/messages/mail-comment.ts";

const RUN_POLL_MS = 100;
/** Follows a run to its end, shows progress, and asks the person Enki's questions. */
export const followRun = async (story: RunStory): Promise<RunEnd> => {
  const { terminal, progress } = story;
  const printer = openProgressPrinter(terminal, { progress, isJson: story.isJson });
  const colour = openColours(terminal);
  const answering: RunConversation = { ...story, answered: new Set() };
  const look = openRunReader(story);
  const history = openRunHistory(story);
  const live = openLiveLook(story);
  const findHold = await openBudgetLook(terminal);
  let before: RunView | null = null;
  try {
    for (;;) {
      const seen = await look();
      if (!seen) {
        const why = await readRefusalComment(story);
        if (why !== null) return { end: "refused", reason: why };
      } else {
        if (seen !== before) {
          story.onView(seen);
          printer.print({ execution: seen.execution, queue: findQueue(seen), hold: findHold(seen.execution, seen.ledger) });
          for (const mail of listNewMails(seen, before)) progress.printLine(mail);
          if (!before || countLanded(seen) !== countLanded(before)) await story.onChange(seen);
        }
        await live(seen);
        const tree = {
          ...seen,
          queue: findQueue(seen),
          hold: findHold(seen.execution, seen.ledger),
          timeline: await history.read(seen.execution.id),
          now: terminal.now(),
          width: terminal.size().columns,
          colour,
          isLive: true as const,
        };
        if (!story.isJson) progress.showBlock(formatProgressBlock(tree));
        const over = findRunEnd(seen);
        const end = over ? { end: over } : seen === before ? null : await askOpenQuestions(answering, seen);
        if (end !== null) return { ...seen, ...end };
        before = seen;
      }
      await new Promise<void>((resolve) => void terminal.after(RUN_POLL_MS, resolve));
    }
  } finally {
    progress.clearBlock();
  }
};
/** Prints the agents' events on a terminal; elsewhere they would hide the progress. */
const openLiveLook = ({ terminal, isJson, logs, progress }: RunStory): ((seen: RunView) => Promise<void>) => {
  if (!terminal.isInteractive || isJson) return () => Promise.resolve();
  const live = openLiveEvents(logs, progress.printLine);
  return ({ ledger }) => live.look(ledger);
};
/** Reads the ledger only after a change; otherwise returns the same object. */
const openRunReader = ({ terminal, bareRepository }: RunStory) => {
  const at = { directory: bareRepository, after: terminal.after, objects: openObjectFiles(bareRepository) };
  let known: { head: Sha; seen: RunView | null } | null = null;
  return async (): Promise<RunView | null> => {
    const head = await readRef(at, LEDGER_REF);
    if (head === null || known?.head === head) return known?.seen ?? null;
    const ledger = await readLedgerOf(at, head);
    const [execution] = Object.values(ledger?.executions ?? {});
    const seen = ledger && execution ? { execution, plan: ledger.plans[execution.plan ?? ""] ?? null, ledger } : null;
    known = { head, seen };
    return seen;
  };
};
/** The history of the run's execution, which is known only after its first write. */
const openRunHistory = ({ bareRepository, terminal }: RunStory) => {
  let opened: ExecutionHistory | null = null;
  const at = { directory: bareRepository, after: terminal.after };
  return {
    read: (id: string): Promise<ExecutionTimeline> => {
      if (!terminal.isInteractive) return Promise.resolve(startTimeline(id));
      opened ??= openExecutionHistory(at, id);
      return opened.read();
    },
  };
};
const countLanded = ({ execution }: RunView): number => Object.values(execution.steps).filter(({ landed }) => landed !== null).length;
/** Enki's answer after a refusal to start. */
const readRefusalComment = async ({ person, issue }: RunStory): Promise<string | null> => {
  const [, answer] = await person.comments(issue);
  return answer?.body ?? null;
};
const findQueue = ({ execution, ledger }: Pick<RunView, "execution" | "ledger">) => readOwn(ledger.queues, execution.baseBranch);
const findRunEnd = ({ execution, ledger }: RunView): "done" | "stopped" | null => {
  if (hasEnded(execution)) return execution.state === "done" ? "done" : "stopped";
  return findQueue({ execution, ledger })?.frozen ? "stopped" : null;
};
/** Mails from agents to the person that need no answer. */
const listNewMails = ({ ledger }: RunView, before: RunView | null): string[] =>
  sortMailsByTime(Object.values(ledger.mails))
    .filter(({ id, to, type }) => to === "user" && type === "info" && before?.ledger.mails[id] === undefined)
    .map((mail) => renderMailText(mail, "writes"));
const formatProgressBlock = (tree: TreeInput): string[] => {
  const { execution, hold, now } = tree;
  const isPlanned = Object.keys(execution.steps).length > 0 || execution.workflow !== undefined;
  const planning = `Reading the code and making a plan, ${formatDuration(now - execution.createdAt)}`;
  const until = findQuotaEnd(execution);
  return [
    ...(isPlanned ? [formatHeadline(tree), ...formatTree(tree)] : [planning]),
    ...(until === null ? [] : [formatQuotaLine(until, RESUME_WITH_KEY)]),
    ...(hold === null ? [] : [formatBudgetLine(hold, execution.id)]),
  ];
};
