import { COMMANDS } from "../commands/table.ts";
import type { Execution } from "../model/execution.ts";
import type { Plan } from "../model/plan.ts";
import type { Refusal } from "../model/refusal.ts";

/** A refusal as an answer: why, its code, and the line that goes on. */
export const refusalReply = ({ code, why, next }: Refusal): string => `${why} (\`${code}\`)\n\n\`\`\`\n${next}\n\`\`\``;

/** The command table. */
export const helpReply = (): string =>
  [
    "| command | what it does | needs |",
    "|---|---|---|",
    ...COMMANDS.map(({ usage, summary, permission }) => `| \`/enki ${usage.replaceAll("|", "\\|")}\` | ${summary} | ${permission} |`),
  ].join("\n");

/** How an execution stands, in two lines. */
export const statusReply = (execution: Execution, plan: Plan | null): string => {
  const steps = Object.values(execution.steps);
  const count = (state: string): number => steps.filter((step) => step.state === state).length;
  const parts = [...new Set(steps.map(({ state }) => state))].map((state) => `${count(state)} ${state.replace("_", " ")}`);
  const planned = plan === null ? "it has no plan yet" : `${plan.steps.length} steps`;
  return `Execution \`${execution.id}\` is **${execution.state}**: ${parts.length > 0 ? parts.join(", ") : planned}.`;
};
