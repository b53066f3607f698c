import { COMMANDS } from "../commands/table.ts";
import { type Execution, isOver } from "../model/execution.ts";
import type { Plan } from "../model/plan.ts";
import { emptyQueue } from "../model/queue.ts";
import type { Refusal } from "../model/refusal.ts";
import { addition } from "./addition.ts";
import { openConflicts } from "./conflicts.ts";
import { code, sentence } from "./escape.ts";
import { goOn, nextCommand } from "./next.ts";

/** A refusal as an answer: why, its code, and the line that goes on. */
export const refusalReply = (refusal: Refusal): string =>
  [`${sentence(refusal.why, 1_000)} (${code(refusal.code)})`, goOn(refusal)].filter((part) => part !== "").join("\n\n");

/** The command table. */
export const helpReply = (): string =>
  [
    "A command stands at the start of a line of a comment:",
    "",
    "| command | what it does | who may |",
    "|---|---|---|",
    ...COMMANDS.map(
      ({ usage, aliases, summary, permission }) =>
        `| ${code(`/enki ${usage}`).replaceAll("|", "\\|")}${alsoWritten(aliases)} | ${summary} | ${permission} |`,
    ),
  ].join("\n");

/** The other names of a command. */
const alsoWritten = (aliases: readonly string[]): string =>
  aliases.length === 0 ? "" : ` (also ${aliases.map((alias) => code(`/enki ${alias}`)).join(", ")})`;

/** How an execution stands, and what a person can do now. */
export const statusReply = (execution: Execution, plan: Plan | null): string => {
  const states = Object.values(execution.steps).map(({ state }) => state.replace("_", " "));
  const counts = [...new Set(states)].map((state) => `${states.filter((each) => each === state).length} ${state}`);
  const planned = plan === null ? "it has no plan yet" : `${plan.steps.length} steps are proposed`;
  const now = `Execution ${code(execution.id)} is **${execution.state}**: ${counts.length > 0 ? counts.join(", ") : planned}.`;
  const why = isOver(execution) && execution.why ? sentence(execution.why.why) : "";
  return [
    now,
    why,
    openConflicts(execution.base, Object.values(execution.steps)),
    nextCommand(execution, emptyQueue),
    addition(execution, []),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
};
