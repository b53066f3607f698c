import type { Execution } from "../domain/execution.ts";
import { toInlineCode, escapeInline, quoteText, escapeSentence } from "./escape.ts";

/** The requested revision of a plan, and the reason if it failed. Empty without a revision. */
export const renderRevisionNote = (execution: Execution): string => {
  const { state, amendment, revision } = execution;
  if (!revision) return "";
  if (revision.state === "planning")
    return [
      `${escapeInline(revision.requestedBy)} requested a change, and the planner is revising the current plan:`,
      quoteText(revision.text, { limit: 1_000, keep: "start" }),
      ...(revision.quoted
        ? [`To start the current plan instead, comment ${toInlineCode(`/enki approve ${formatCurrentPlan(execution)}`)}.`]
        : []),
    ].join("\n\n");
  const isOpen = state === "proposed" || amendment?.state === "proposed";
  if (revision.state === "done" || !isOpen) return "";
  return `> [!NOTE]\n> The plan was not revised and can still be approved. ${escapeSentence(revision.refusal?.message ?? "", 1_000)}`;
};

/** The abbreviated hash of the plan under revision. */
const formatCurrentPlan = ({ state, amendment, plan }: Execution): string =>
  ((amendment && state !== "planning" ? amendment.plan : plan) ?? "").slice(0, 12);
