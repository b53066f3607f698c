import { readOwn } from "../core/domain/own-record.ts";
import type { BranchName } from "../core/domain/ids.ts";
import { describeUsage } from "../core/messages/agent-usage.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { indentText } from "../core/messages/terminal-plan.ts";
import { findFailureLog } from "../core/domain/step.ts";
import type { RunFailures } from "./run-failures.ts";
import { hasStarted, type RunView, type RunEnd } from "./run-story.ts";
import { RUN_LEDGERS_PREFIX } from "./local-ledger.ts";

type RunEndInput = {
  /** The branch with the landed commits; null if nothing landed. */
  readonly branch: string | null;
  readonly base: BranchName;
  /** The arguments of `enki run` for repeating the request. */
  readonly call: string;
  /** Whether `enki run --resume` can continue the run. */
  readonly isKept: boolean;
  /** Directory of the jobs' logs. */
  readonly logs: string;
  readonly failures: RunFailures;
};

/** The end of a run: its result, its location and the next step. */
export const formatRunEnd = (end: Exclude<RunEnd, { end: "refused" }>, ending: RunEndInput): string[] => {
  switch (end.end) {
    case "done":
      return [
        "",
        ...formatStepReports(end),
        ...formatSkippedRoles(end),
        ...(ending.branch === null && countReports(end) > 0 ? [formatReportEnd(countReports(end))] : formatLandedBranch(ending, "Done.")),
        ...formatUsageLine(end),
        ...formatGraphHint(end),
      ];
    case "stopped":
      return [
        "",
        ...explainStop(end, ending),
        ...formatStepReports(end),
        ...formatSkippedRoles(end),
        ...formatLandedBranch(ending, "Finished work stays."),
        ...formatUsageLine(end),
        `The logs of the jobs are in ${ending.logs}`,
        ...formatGraphHint(end),
        ...adviseOnRedBase(end, ending.call),
      ];
    case "waits":
      if (hasStarted(end)) return [...formatLandedBranch(ending, "It waits for an answer."), "To continue: enki run --resume"];
      return end.questions.length > 0
        ? ["No one can answer here. Run it in a terminal, or put the answer in the request and start again:", `  enki run ${ending.call}`]
        : ending.isKept
          ? ["Nothing runs before the plan is approved. To start this plan:", `  enki run --resume --yes ${end.execution.id}`]
          : ["The plan was not approved, so nothing runs. For another plan:", `  enki run ${ending.call}`];
  }
};

/** Only the newest plan is kept. */
export const formatDiscardedPlan = (execution: string): string => `The earlier plan ${execution} is discarded, because nobody approved it.`;

/** The message after Ctrl+C. */
export const formatInterruption = (branch: string | null): string[] => [
  "",
  branch === null ? "Interrupted before anything landed." : `Interrupted. What landed is on the branch ${branch}.`,
  "To continue: enki run --resume",
];

const formatLandedBranch = ({ branch, base }: RunEndInput, words: string): string[] =>
  branch === null
    ? [`${words} There is nothing to merge.`]
    : [
        `${words} Landed work is on the branch ${branch}; your files and branches are unchanged:`,
        `  git log --graph ${base}..${branch}`,
        `  git merge ${branch}`,
      ];

const formatUsageLine = ({ execution }: RunView): string[] => {
  const line = describeUsage(execution);
  return line === "" ? [] : [line];
};

const formatGraphHint = ({ execution, plan }: RunView): string[] => (plan === null ? [] : [`To see its steps: enki graph ${execution.id}`]);

/** The complete reports of steps, which exist only in the ledger. */
const formatStepReports = ({ execution, ledger, plan }: RunView): string[] =>
  (plan?.steps ?? []).flatMap(({ id, title }) => {
    const text = ledger.artifacts[`${execution.id}/${id}`];
    if (text === undefined) return [];
    return [
      `${id}: ${toOneLine(title)}`,
      indentText(text),
      `  git show ${RUN_LEDGERS_PREFIX}${execution.id}:artifacts/${execution.id}/${id}.md`,
      "",
    ];
  });

const countReports = ({ execution, ledger, plan }: RunView): number =>
  (plan?.steps ?? []).filter(({ id }) => ledger.artifacts[`${execution.id}/${id}`] !== undefined).length;

const formatReportEnd = (count: number): string =>
  `Done. ${count === 1 ? "The report is" : `The ${count} reports are`} above, and there is nothing to merge.`;

const formatSkippedRoles = ({ execution: { workflow } }: RunView): string[] =>
  Object.entries(workflow?.skippedRoles ?? {}).map(([role, why]) => `${role} is skipped: ${toOneLine(why, 500)}.`);

const MAX_LOG_LINES_SHOWN = 20;

const quoteEnd = (log: string): string[] =>
  log.trim() === "" ? [] : [indentText(log.trimEnd().split("\n").slice(-MAX_LOG_LINES_SHOWN).join("\n"))];

const explainStop = ({ execution, ledger, plan }: RunView, { failures: { stderr, baseOutput } }: RunEndInput): string[] => {
  const frozen = readOwn(ledger.queues, execution.baseBranch)?.frozen;
  const failed = (plan?.steps ?? []).flatMap(({ id }) => {
    const step = execution.steps[id];
    if (step?.state !== "failed") return [];
    const log = findFailureLog(step);
    return [`${id} failed: ${toOneLine(step.refusal?.message ?? "", 500)}`, ...quoteEnd(log === "" ? (stderr.get(id) ?? "") : log)];
  });
  const whole = [execution.refusal?.message, frozen?.message].flatMap((why) =>
    why === undefined ? [] : [`Stopped: ${toOneLine(why, 2_000)}`],
  );
  if (failed.length > 0) return failed;
  if (whole.length === 0) return ["Stopped."];
  return [...whole, ...(plan === null ? quoteEnd(stderr.get("plan") ?? "") : []), ...quoteEnd(baseOutput)];
};

/** What to do if no change can pass. */
const adviseOnRedBase = ({ execution, ledger }: RunView, call: string): string[] =>
  readOwn(ledger.queues, execution.baseBranch)?.frozen?.code === "base-red"
    ? [`Fix ${execution.baseBranch}, or choose other commands with --verify; then start again:`, `  enki run ${call}`]
    : [];
