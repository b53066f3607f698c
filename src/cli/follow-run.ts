import { readOwn } from "../core/domain/own-record.ts";
import type { RunStory, RunEnd, RunView } from "./story-progress.ts";
import { type RunConversation, askOpenQuestions } from "./ask-open-questions.ts";
import type { Sha } from "../core/domain/ids.ts";
import { openObjectFiles } from "../storage/git/object-files.ts";
import { readRefFile } from "../storage/git/ref-files.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";
import { readLedgerOf } from "./local-ledger.ts";
import { hasEnded } from "../core/domain/execution.ts";
import type { Step } from "../core/domain/step.ts";
import { findIdleReason, describeStepState } from "../core/messages/step-table.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { sortMailsByTime } from "../core/domain/mail.ts";
import { renderMailText } from "../core/messages/mail-comment.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { renderAsciiGraph } from "../core/messages/ascii-graph.ts";

const RUN_POLL_MS = 100;
/** Follows a run to its end, shows progress, and asks the person Enki's questions. */
export const followRun = async (story: RunStory): Promise<RunEnd> => {
  const { terminal, progress } = story;
  const begun = terminal.now();
  const answering: RunConversation = { ...story, answered: new Set() };
  const look = openRunReader(story);
  let before: RunView | null = null;
  try {
    for (;;) {
      const seen = await look();
      if (!seen) {
        const why = await readRefusalComment(story);
        if (why !== null) return { end: "refused", reason: why };
      } else {
        if (seen !== before) {
          for (const line of listNewProgress(seen, before)) printProgressLine(story, line, terminal.now() - begun);
          for (const mail of listNewMails(seen, before)) progress.printLine(mail);
          if (!before || countLanded(seen) !== countLanded(before)) await story.onChange(seen);
        }
        progress.showBlock(formatProgressBlock(seen, terminal, terminal.now() - begun));
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
/** Reads the ledger only if it changed; otherwise returns the same object. */
const openRunReader = ({ terminal, bareRepository }: RunStory) => {
  const at = { directory: bareRepository, after: terminal.after, objects: openObjectFiles(bareRepository) };
  let known: { head: Sha; seen: RunView | null } | null = null;
  return async (): Promise<RunView | null> => {
    const head = readRefFile(bareRepository, LEDGER_REF);
    if (head === null || known?.head === head) return known?.seen ?? null;
    const ledger = await readLedgerOf(at, head);
    const [execution] = Object.values(ledger?.executions ?? {});
    const seen = ledger && execution ? { execution, plan: ledger.plans[execution.plan ?? ""] ?? null, ledger } : null;
    known = { head, seen };
    return seen;
  };
};
const countLanded = ({ execution }: RunView): number => Object.values(execution.steps).filter(({ landed }) => landed !== null).length;
/** Enki's answer if it refused to start. */
const readRefusalComment = async ({ person, issue }: RunStory): Promise<string | null> => {
  const [, answer] = await person.comments(issue);
  return answer?.body ?? null;
};
const findRunEnd = ({ execution, ledger }: RunView): "done" | "stopped" | null => {
  if (hasEnded(execution)) return execution.state === "done" ? "done" : "stopped";
  return readOwn(ledger.queues, execution.baseBranch)?.frozen ? "stopped" : null;
};
const printProgressLine = ({ terminal, progress }: RunStory, line: string, passed: number): void =>
  terminal.isInteractive ? undefined : progress.printLine(`${formatElapsedSeconds(passed).padStart(7)}  ${line}`);
const formatElapsedSeconds = (millis: number): string => `${(millis / 1_000).toFixed(1)} s`;
const formatStepProgress = (step: Step): string => {
  const reason = findIdleReason(step);
  return `${describeStepState(step)[1].replaceAll("*", "")}${reason === "" ? "" : `: ${toOneLine(reason, 500)}`}`;
};
/** Progress lines since the last look, for output without a redrawn block. */
const listNewProgress = ({ execution }: RunView, before: RunView | null): string[] => {
  const planning = execution.state !== before?.execution.state && execution.state === "planning" ? ["reads the code and makes a plan"] : [];
  const steps = Object.values(execution.steps).flatMap((step) => {
    const known = before?.execution.steps[step.id];
    const isNew =
      step.state !== "pending" && step.state !== "ready" && (known ? formatStepProgress(known) !== formatStepProgress(step) : true);
    return isNew ? [`${step.id}: ${formatStepProgress(step)}`] : [];
  });
  return [...planning, ...steps];
};
/** Mails from agents to the person that need no answer. */
const listNewMails = ({ ledger }: RunView, before: RunView | null): string[] =>
  sortMailsByTime(Object.values(ledger.mails))
    .filter(({ id, to, type }) => to === "user" && type === "info" && before?.ledger.mails[id] === undefined)
    .map((mail) => renderMailText(mail, "writes"));
const formatProgressBlock = ({ execution, plan }: RunView, { size }: TerminalHost, passed: number): string[] => {
  const all = Object.values(execution.steps);
  const done = all.filter(({ state }) => state === "done").length;
  const head = all.length === 0 && !execution.workflow ? "Reading the code and making a plan" : `${done} of ${all.length} steps done`;
  const graph = plan && all.length > 0 ? renderAsciiGraph(plan.steps, execution.steps, size().columns - 1).split("\n") : [];
  return [`${head}, ${Math.floor(passed / 1_000)} s`, ...graph];
};
