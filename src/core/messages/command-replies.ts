import { COMMANDS } from "../commands/command-table.ts";
import { type Execution, hasEnded } from "../domain/execution.ts";
import type { Plan } from "../domain/plan.ts";
import { emptyQueue } from "../domain/queue.ts";
import type { Refusal } from "../domain/refusal.ts";
import { renderAmendment } from "./amendment.ts";
import { renderOpenConflicts } from "./open-conflicts.ts";
import { toInlineCode, escapeSentence } from "./escape.ts";
import { renderNextStep, renderNextCommand } from "./next-command.ts";

/** A refusal as an answer: why, its code, and the line that goes on. */
export const renderRefusalReply = (refusal: Refusal): string =>
  [`${escapeSentence(refusal.message, 1_000)} (${toInlineCode(refusal.code)})`, renderNextStep(refusal)]
    .filter((part) => part !== "")
    .join("\n\n");

/** The command table. */
export const renderHelpReply = (): string =>
  [
    "A command stands at the start of a line of a comment:",
    "",
    "| command | what it does | who may |",
    "|---|---|---|",
    ...COMMANDS.map(
      ({ usage, aliases, summary, permission }) =>
        `| ${toInlineCode(`/enki ${usage}`).replaceAll("|", "\\|")}${formatAliases(aliases)} | ${summary} | ${permission} |`,
    ),
  ].join("\n");

/** The other names of a command. */
const formatAliases = (aliases: readonly string[]): string =>
  aliases.length === 0 ? "" : ` (also ${aliases.map((alias) => toInlineCode(`/enki ${alias}`)).join(", ")})`;

/** How an execution stands, and what a person can do now. */
export const renderStatusReply = (execution: Execution, plan: Plan | null): string => {
  const states = Object.values(execution.steps).map(({ state }) => state.replace("_", " "));
  const counts = [...new Set(states)].map((state) => `${states.filter((each) => each === state).length} ${state}`);
  const planned = plan === null ? "it has no plan yet" : `${plan.steps.length} steps are proposed`;
  const now = `Execution ${toInlineCode(execution.id)} is **${execution.state}**: ${counts.length > 0 ? counts.join(", ") : planned}.`;
  const why = hasEnded(execution) && execution.refusal ? escapeSentence(execution.refusal.message) : "";
  return [
    now,
    why,
    renderOpenConflicts(execution.baseBranch, Object.values(execution.steps)),
    renderNextCommand(execution, emptyQueue),
    renderAmendment(execution, []),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
};
