import type { Execution } from "../model/execution.ts";
import { code, inline, quoted, sentence } from "./escape.ts";

/** What was asked to be changed in a proposed plan, and what came of it where that is nothing. */
export const revisionNote = (execution: Execution): string => {
  const { state, adding, revision } = execution;
  if (!revision) return "";
  if (revision.state === "planning")
    return [
      `${inline(revision.by)} asked for a change, and the planner is revising the current plan:`,
      quoted(revision.text, { limit: 1_000, keep: "start" }),
      ...(revision.quoted ? [`To start the current plan instead, comment ${code(`/enki approve ${current(execution)}`)}.`] : []),
    ].join("\n\n");
  const isOpen = state === "proposed" || adding?.state === "proposed";
  if (revision.state === "done" || !isOpen) return "";
  return `> [!NOTE]\n> The plan was not revised and can still be approved. ${sentence(revision.why?.why ?? "", 1_000)}`;
};

/** The hash of the plan that is being revised. */
const current = ({ state, adding, plan }: Execution): string => ((adding && state !== "planning" ? adding.plan : plan) ?? "").slice(0, 12);
