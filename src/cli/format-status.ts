import type { Execution } from "../core/domain/execution.ts";
import { findEarlierFailure } from "../core/domain/step.ts";
import type { Refusal } from "../core/domain/refusal.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { describeBudgetHold, formatBudgetLine } from "../core/messages/budget-text.ts";
import { formatTerminalAction } from "../core/messages/explanation-text.ts";
import { formatPausedSteps } from "../core/messages/next-command.ts";
import { findQuotaEnd, formatMinute, formatQuotaLine } from "../core/messages/quota-note.ts";
import { listWaiting } from "../core/messages/waiting-items.ts";
import type { findContinuation } from "./run-continuation.ts";
import { formatHeadline, formatTree, type TreeInput } from "./execution-tree.ts";

type RunContinuation = NonNullable<ReturnType<typeof findContinuation>>;

/** Items that wait for a person, with the command lines for an answer. */
export const formatWaiting = (execution: Execution): string[] => {
  const items = listWaiting(execution);
  if (items.length === 0) return [];
  return [
    "",
    "Waits for you:",
    ...items.flatMap(({ step, text, command }, at) => [
      `  ${step === null ? "" : `${step}: `}${toOneLine(text, 300)}`,
      ...(command === "" || command === items[at + 1]?.command ? [] : [`    ${command}`]),
    ]),
  ];
};

/** The quota of a model and the budget that keep agents from starting. */
export const listHoldLines = ({ execution, hold }: TreeInput): string[] => {
  const until = findQuotaEnd(execution);
  return [
    ...(until === null ? [] : [formatQuotaLine(until, `enki retry ${execution.id}`)]),
    ...(hold === null ? [] : [formatBudgetLine(hold, execution.id)]),
  ];
};

/** The same for a run without a process: nothing continues by itself, and no command of a GitHub helps. */
const listRunHoldLines = ({ execution, hold }: TreeInput): string[] => {
  const until = findQuotaEnd(execution);
  return [
    ...(until === null ? [] : [`Its model has no quota until ${formatMinute(until)}.`]),
    ...(hold === null ? [] : [`Its budget has no room for another attempt: ${describeBudgetHold(hold)}.`]),
  ];
};

/** Why nothing lands, or why the execution is paused or over, and how it continues. */
const listStopLines = (execution: Execution, frozen: Refusal | null): string[] => {
  const { id, state, refusal, baseBranch } = execution;
  if (state === "running" && frozen) {
    const advice = frozen.next.replaceAll("`", "");
    const next = frozen.next.startsWith("/enki") ? "" : ` ${advice.charAt(0).toUpperCase()}${toOneLine(advice.slice(1), 200)}`;
    return [
      `Nothing lands on ${baseBranch} for now: ${toOneLine(frozen.message.replaceAll("`", ""), 300)}${next}`,
      `  To check again: enki retry ${id}`,
    ];
  }
  if (state === "paused") return [`${toOneLine(refusal?.message ?? "Paused.", 300)} To continue: enki resume ${id}`];
  if (state === "cancelled" && refusal) return [toOneLine(refusal.message, 300)];
  const paused = formatPausedSteps(execution);
  return paused === "" ? [] : [paused];
};

type StatusPlace = {
  readonly name: string;
  /** Set for an execution of `enki run`, with the command that continues or repeats the run. */
  readonly run: { readonly continuation: RunContinuation | null } | null;
  /** Returns the command by which git prints a file of the ledger. */
  readonly toPrintCommand: (path: string) => string;
};

const MAX_REPORTS_LISTED = 20;

/** The failures of steps that a person then cancelled or skipped. */
const listEarlierFailures = ({ steps }: Execution): string[] =>
  Object.values(steps).flatMap((step) => {
    const failure = findEarlierFailure(step);
    return failure === null ? [] : [`${step.id} had failed before it was ${step.state}: ${toOneLine(failure.message, 300)}`];
  });

/** The places of the reports of finished steps, in the order of the plan. */
const listReportLines = ({ execution, plan }: TreeInput, { toPrintCommand }: StatusPlace): string[] => {
  const reported = (plan?.steps ?? []).filter(({ id }) => {
    const step = execution.steps[id];
    return step?.artifact && (step.state === "done" || step.state === "waiting");
  });
  const shown = reported.slice(0, MAX_REPORTS_LISTED);
  const more = reported.length > shown.length ? [`… and ${reported.length - shown.length} more reports`] : [];
  return [...shown.map(({ id }) => `Report of ${id}: ${toPrintCommand(`artifacts/${execution.id}/${id}.md`)}`), ...more];
};

/** Why a run ended, and how it continues or starts again. */
const listRunLines = ({ state, refusal }: Execution, continuation: RunContinuation | null): string[] => [
  ...(state === "failed" && refusal ? [toOneLine(refusal.message, 300)] : []),
  ...(continuation === null ? [] : [formatTerminalAction(continuation, 0)]),
];

/** The lines of `enki status` about an execution. */
export const formatStatus = (tree: TreeInput, place: StatusPlace): string[] => {
  const { name, run } = place;
  const { execution, queue } = tree;
  const frozen = queue?.frozen ?? null;
  const issue = run === null ? `${name}#${execution.issue} ` : "";
  const head = `${formatHeadline(tree)}  ${issue}${toOneLine(execution.request, 80)}`;
  const notes =
    run === null
      ? [...listHoldLines(tree), ...listStopLines(execution, frozen), ...formatWaiting(execution)]
      : [...listRunHoldLines(tree), ...listRunLines(execution, run.continuation)];
  return [head.trimEnd(), ...formatTree(tree), ...listReportLines(tree, place), ...notes, ...listEarlierFailures(execution)];
};
