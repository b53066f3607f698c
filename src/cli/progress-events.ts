import type { Execution } from "../core/domain/execution.ts";
import type { Step } from "../core/domain/step.ts";
import { type AttemptFault, formatAttemptFault } from "../core/messages/attempt-fault.ts";
import { formatBudgetLine } from "../core/messages/budget-text.ts";
import { formatDuration } from "../core/messages/duration-text.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { openPlaces, type PlaceReader } from "../core/messages/queue-place.ts";
import { findQuotaEnd, formatQuotaLine, RESUME_WITH_KEY } from "../core/messages/quota-note.ts";
import { findIdleReason, formatPlainState } from "../core/messages/step-table.ts";
import type { TreeInput } from "./execution-tree.ts";
import type { ProgressView } from "./progress-view.ts";
import type { TerminalHost } from "./terminal-host.ts";

const MAX_REASON_CHARS = 500;

/** A step's state and the reason for idleness, in words. */
const formatStepProgress = (step: Step, place: PlaceReader): string => {
  const reason = step.state === "failed" ? step.refusal.message : findIdleReason(step);
  return `${formatPlainState(step, place)}${reason === "" ? "" : `: ${toOneLine(reason, MAX_REASON_CHARS)}`}`;
};

const MAX_TENTHS_MS = 600_000;
/** With tenths of a second, as long as they matter. */
const formatElapsed = (ms: number): string => (ms < MAX_TENTHS_MS ? `${(ms / 1_000).toFixed(1)} s` : formatDuration(ms));

type ProgressOutput = { readonly progress: Pick<ProgressView, "printLine">; readonly isJson: boolean };
type ProgressTerminal = Pick<TerminalHost, "now" | "out" | "isInteractive">;
/** An execution with its queue and budget. */
type ShownExecution = Pick<TreeInput, "execution" | "queue" | "hold">;
export type ProgressPrinter = { readonly print: (shown: ShownExecution) => void };

/** The attempts that failed since `before` and are repeated. The number of a step's attempt grows when the next attempt starts. */
const listNewFaults = ({ planning, steps }: Execution, before: Execution): AttemptFault[] => [
  ...(planning.faults > before.planning.faults ? [{ step: null, attempt: planning.attempt - 1, reason: planning.lastFailure ?? "" }] : []),
  ...Object.values(steps)
    .filter(({ id, state, faults }) => (state === "ready" || state === "running") && faults > (before.steps[id]?.faults ?? 0))
    .map(({ id, state, attempt, lastFailure }) => ({
      step: id,
      attempt: state === "ready" ? attempt : attempt - 1,
      reason: lastFailure ?? "",
    })),
];

const isVisible = ({ state }: Step): boolean => state !== "pending" && state !== "ready";

/** Prints single changes, as a line of JSON or as a plain line. */
const openChangeLines = (terminal: ProgressTerminal, { progress, isJson }: ProgressOutput) => {
  const begun = terminal.now();
  const printEvent = (event: object): void => terminal.out(`${JSON.stringify({ at: new Date(terminal.now()).toISOString(), ...event })}\n`);
  const printLine = (line: string): void => progress.printLine(`${formatElapsed(terminal.now() - begun).padStart(7)}  ${line}`);
  const printPlain = (line: string): void => {
    if (!terminal.isInteractive) printLine(line);
  };
  return {
    printStep: ({ execution, queue }: ShownExecution, step: Step): void => {
      const { id, state, attempt, pull, landed, refusal } = step;
      if (isJson)
        printEvent({
          kind: "step",
          execution: execution.id,
          step: id,
          state,
          attempt,
          pull,
          landed: landed?.commit ?? null,
          why: refusal?.message ?? null,
        });
      else if (isVisible(step)) printPlain(`${id}: ${formatStepProgress(step, openPlaces(execution.id, queue))}`);
    },
    printQuotaEnd: ({ id }: Execution, until: number): void => {
      if (isJson) printEvent({ kind: "quota", execution: id, until: new Date(until).toISOString() });
      else printPlain(formatQuotaLine(until, RESUME_WITH_KEY));
    },
    printHold: ({ id }: Execution, line: string): void => {
      if (isJson) printEvent({ kind: "budget", execution: id, why: line });
      else printPlain(line);
    },
    /** A terminal's tree does not show why an attempt was repeated, so the line is printed there too. */
    printFault: ({ id }: Execution, { step, attempt, reason }: AttemptFault): void => {
      if (isJson) printEvent({ kind: "fault", execution: id, step, attempt, why: reason });
      else printLine(formatAttemptFault({ step, attempt, reason }));
    },
    printState: ({ id, issue, state }: Execution): void => {
      if (isJson) printEvent({ kind: "execution", execution: id, issue, state });
      else if (state === "planning") printPlain("reads the code and makes a plan");
    },
  };
};

const formatHold = (shown: ShownExecution | null): string | null => (shown?.hold ? formatBudgetLine(shown.hold, shown.execution.id) : null);

/** Prints each change once: as lines of JSON, or as plain lines without a terminal. A terminal shows a tree instead. */
export const openProgressPrinter = (terminal: ProgressTerminal, output: ProgressOutput): ProgressPrinter => {
  const lines = openChangeLines(terminal, output);
  let before: ShownExecution | null = null;
  const printSteps = (shown: ShownExecution): void => {
    const place = openPlaces(shown.execution.id, shown.queue);
    const placeBefore = openPlaces(shown.execution.id, before?.queue);
    for (const step of Object.values(shown.execution.steps)) {
      const known = before?.execution.steps[step.id];
      const isChanged = (from: Step): boolean =>
        output.isJson
          ? from.state !== step.state || from.attempt !== step.attempt
          : formatStepProgress(from, placeBefore) !== formatStepProgress(step, place);
      if (!known || isChanged(known)) lines.printStep(shown, step);
    }
  };
  return {
    print: (shown) => {
      const { execution } = shown;
      if (execution.state !== before?.execution.state) lines.printState(execution);
      const until = findQuotaEnd(execution);
      if (until !== null && (before === null || findQuotaEnd(before.execution) !== until)) lines.printQuotaEnd(execution, until);
      for (const fault of before === null ? [] : listNewFaults(execution, before.execution)) lines.printFault(execution, fault);
      printSteps(shown);
      const hold = formatHold(shown);
      if (hold !== null && hold !== formatHold(before)) lines.printHold(execution, hold);
      before = shown;
    },
  };
};
