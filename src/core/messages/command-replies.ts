import { describeUsage } from "./agent-usage.ts";
import { COMMANDS } from "../commands/command-table.ts";
import { type Execution, hasEnded } from "../domain/execution.ts";
import type { Plan, PlannedStep } from "../domain/plan.ts";
import { emptyQueue } from "../domain/queue.ts";
import type { Refusal } from "../domain/refusal.ts";
import { renderAmendment } from "./amendment.ts";
import { renderOpenConflicts } from "./open-conflicts.ts";
import { toInlineCode, escapeSentence } from "./escape.ts";
import { countOtherStates, formatProgress } from "./progress-bar.ts";
import { renderProposals } from "./proposals.ts";
import { renderReason } from "./refusal-page.ts";
import { findQuotaEnd, renderQuotaNote } from "./quota-note.ts";
import { renderNextStep, renderNextCommand } from "./next-command.ts";

/** A refusal as a comment: message, code with a link to its paragraph, and next step. */
export const renderRefusalReply = (refusal: Refusal): string =>
  [renderReason(refusal, 1_000), renderNextStep(refusal)].filter((part) => part !== "").join("\n\n");

export const renderHelpReply = (): string =>
  [
    "Start a line of a comment with a command:",
    "",
    "| command | effect | permission |",
    "|---|---|---|",
    ...COMMANDS.map(
      ({ usage, aliases, summary, permission }) =>
        `| ${toInlineCode(`/enki ${usage}`).replaceAll("|", "\\|")}${formatAliases(aliases)} | ${summary} | ${permission} |`,
    ),
  ].join("\n");

const formatAliases = (aliases: readonly string[]): string =>
  aliases.length === 0 ? "" : ` (also ${aliases.map((alias) => toInlineCode(`/enki ${alias}`)).join(", ")})`;

/** The state of an execution and the possible next commands. */
export const renderStatusReply = (execution: Execution, plan: Plan | null, added: readonly PlannedStep[]): string => {
  const steps = Object.values(execution.steps);
  const counts = steps.length === 0 ? [] : [formatProgress(steps), ...countOtherStates(steps)];
  const planned = plan === null ? "it has no plan yet" : `${plan.steps.length} steps are proposed`;
  const summary = `Execution ${toInlineCode(execution.id)} is **${execution.state}**: ${counts.length > 0 ? counts.join(", ") : planned}.`;
  const reason = hasEnded(execution) && execution.refusal ? escapeSentence(execution.refusal.message) : "";
  return [
    summary,
    reason,
    renderQuotaNote(execution, findQuotaEnd(execution)),
    describeUsage(execution),
    renderOpenConflicts(execution.baseBranch, steps),
    renderNextCommand(execution, emptyQueue, { started: steps, planned: plan?.steps ?? [] }),
    renderProposals(execution),
    renderAmendment(execution, added),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
};
