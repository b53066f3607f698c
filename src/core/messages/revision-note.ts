import type { Execution } from "../domain/execution.ts";
import { toInlineCode, escapeInline, quoteText, escapeSentence } from "./escape.ts";

/** What was asked to be changed in a proposed plan, and what came of it where that is nothing. */
export const renderRevisionNote = (execution: Execution): string => {
  const { state, amendment, revision } = execution;
  if (!revision) return "";
  if (revision.state === "planning")
    return [
      `${escapeInline(revision.requestedBy)} asked for a change, and the planner is revising the current plan:`,
      quoteText(revision.text, { limit: 1_000, keep: "start" }),
      ...(revision.quoted ? [`To start the current plan instead, comment ${toInlineCode(`/enki approve ${current(execution)}`)}.`] : []),
    ].join("\n\n");
  const isOpen = state === "proposed" || amendment?.state === "proposed";
  if (revision.state === "done" || !isOpen) return "";
  return `> [!NOTE]\n> The plan was not revised and can still be approved. ${escapeSentence(revision.refusal?.message ?? "", 1_000)}`;
};

/** The hash of the plan that is being revised. */
const current = ({ state, amendment, plan }: Execution): string =>
  ((amendment && state !== "planning" ? amendment.plan : plan) ?? "").slice(0, 12);
