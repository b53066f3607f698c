import type { Brief } from "../model/brief.ts";
import { type Execution, foundNothing } from "../model/execution.ts";
import type { StepId } from "../model/ids.ts";
import type { Plan } from "../model/plan.ts";
import type { Queue } from "../model/queue.ts";
import type { Step } from "../model/step.ts";
import { addedSteps, addition } from "./addition.ts";
import { briefNote } from "./brief.ts";
import { openConflicts } from "./conflicts.ts";
import { failedSteps, instructions, outcomes, remarks, reportsOf, resolvedConflicts, skippedRoles } from "./details.ts";
import { code, COMMENT, inline, quoted, sentence } from "./escape.ts";
import { mermaid } from "./graph.ts";
import { landsHow, queuedNow } from "./landing.ts";
import { writeMarker } from "./marker.ts";
import { nextCommand } from "./next.ts";
import { revisionNote } from "./revision.ts";
import { stepTable } from "./step-table.ts";
import { unreadRemarks } from "./unread.ts";

export type Shown = {
  readonly execution: Execution;
  readonly plan: Plan | null;
  /** The plan that it would have with the steps that are to be added; null where there is none. */
  readonly grown: Plan | null;
  /** What was read of the issue; null where nothing was. */
  readonly brief: Brief | null;
  readonly queue: Queue;
  /** What the steps reported, in full. */
  readonly reports: Readonly<Record<StepId, string>>;
};

const STAYS_OPEN = "Nothing was changed, so the issue stays open. Close it if it is resolved, or ask again and say what is still wrong.";
const CUT = "Parts of this are left out: they are too long for a comment.";

/** What is left out first has the highest number; 0 is never left out. */
type Part = { readonly text: string; readonly rank: number };

/** The one comment of an execution: how it stands, its graph and steps, and the next useful command. Edited in place. */
export const executionComment = (shown: Shown): string => {
  const { execution, plan, queue } = shown;
  const steps = plan?.steps ?? [];
  const added = addedSteps(shown);
  // Looked up once: in a large record that takes longer than all that is said of them.
  const begun = steps.map(({ id }) => execution.steps[id]).filter((step) => step !== undefined);
  return fit([
    { rank: 0, text: writeMarker({ kind: "execution", id: execution.id }) },
    { rank: 0, text: `### ${headline(execution, begun)}` },
    { rank: 0, text: quoted(execution.request, { limit: 1_000, keep: "start" }) },
    { rank: 1, text: briefNote(shown.brief) },
    { rank: 0, text: why(execution, queue, begun) },
    { rank: 0, text: revisionNote(execution) },
    { rank: 1, text: landsBy(execution, queue) },
    { rank: 4, text: mermaid(steps, execution.steps) ?? "" },
    { rank: 0, text: stepTable(steps, execution.steps) },
    { rank: 1, text: skippedRoles(execution) },
    { rank: 1, text: failedSteps(begun) },
    { rank: 1, text: openConflicts(execution.base, begun) },
    { rank: 1, text: remarks(begun) },
    { rank: 0, text: foundNothing(execution, plan) ? STAYS_OPEN : "" },
    { rank: 1, text: unreadRemarks(execution, begun) },
    { rank: 1, text: resolvedConflicts(begun) },
    { rank: 0, text: nextCommand(execution, queue, begun) },
    { rank: 0, text: addition(execution, added) },
    { rank: 1, text: added.length === 0 ? "" : instructions({ ...execution, plan: execution.adding?.plan ?? null }, added) },
    { rank: 2, text: reportsOf(shown, steps) },
    { rank: 3, text: outcomes(begun) },
    { rank: 3, text: instructions(execution, steps) },
    { rank: 0, text: footer(execution) },
  ]);
};

/** Leaves out whole parts, never a half of one: what follows an open fence or element would be swallowed by it. */
const fit = (parts: readonly Part[]): string => {
  const written = parts.filter(({ text }) => text !== "");
  let left = COMMENT;
  const kept = new Set<Part>();
  for (const part of written.toSorted((a, b) => a.rank - b.rank)) {
    if (part.rank > 0 && part.text.length + 2 > left) continue;
    left -= part.text.length + 2;
    kept.add(part);
  }
  const shown = written.flatMap((part) => (kept.has(part) ? [part.text] : []));
  return [...shown, ...(shown.length < written.length ? [CUT] : [])].join("\n\n");
};

const headline = ({ state, planning, revision }: Execution, all: readonly Step[]): string => {
  const progress = `${all.filter((step) => step.state === "done").length} of ${all.length} steps done`;
  switch (state) {
    case "planning":
      if (revision?.state === "planning") return "Revising the plan";
      return planning.attempt > 1 ? `Making a plan, attempt ${planning.attempt}` : "Reading the code and making a plan";
    case "asking":
      return "The planner has a question";
    case "proposed":
      return "A plan, for your approval";
    case "running":
      return `${all.some((step) => step.state === "waiting") ? "Waiting for you" : "At work"}: ${progress}`;
    case "paused":
      return `Paused: ${progress}`;
    case "done":
      return all.some((step) => step.landed) ? "Done: all of it landed" : "Done: there was nothing to land";
    case "failed":
      return all.length === 0 ? "Stopped: there is no plan" : `Stopped: ${progress}`;
    case "cancelled":
      return all.some((step) => step.landed) ? `Cancelled: ${progress}, what landed stays` : "Cancelled";
  }
};

/** How an execution ended, by what its comment says; null for one that had not ended, or could be tried again. */
export const toldEnd = (body: string): "done" | "cancelled" | null => {
  const [, word] = /^<!--[^\n]*-->\n\n### (Done|Cancelled)\b/.exec(body) ?? [];
  return word === undefined ? null : word === "Done" ? "done" : "cancelled";
};

/** What concerns the execution as a whole; what concerns a step is told with the step. */
const why = (execution: Execution, { frozen }: Queue, all: readonly Step[]): string => {
  if (frozen && execution.state === "running") return `> [!WARNING]\n> **Nothing lands for now.** ${sentence(frozen.why)}`;
  if (!execution.why) return "";
  if (["cancelled", "paused", "asking"].includes(execution.state)) return sentence(execution.why.why);
  const own = all.every((step) => step.state !== "failed");
  return execution.state === "failed" && own ? `> [!CAUTION]\n> ${sentence(execution.why.why, 1_000)}` : "";
};

/** How work lands here, where it is not simply pushed. */
const landsBy = ({ id, state, base }: Execution, { terms, landing }: Queue): string => {
  if (!terms || terms.mode === "exact" || (state !== "running" && state !== "done")) return "";
  return `${landsHow(base, terms)}${queuedNow(id, landing)}`;
};

const footer = ({ id, base, by, plan, approved, state }: Execution): string => {
  const parts = [
    `Execution ${code(id)} on ${code(base)}, asked for by ${inline(by)}`,
    ...(approved ? [`plan ${code(approved.plan.slice(0, 12))} approved by ${inline(approved.by)}`] : []),
    ...(!approved && plan !== null ? [`plan ${code(plan.slice(0, 12))}`] : []),
    ...(state === "planning" || state === "running" || state === "paused" ? [`${code(`/enki cancel ${id}`)} gives it up`] : []),
  ];
  return `<sub>${parts.join(" · ")}</sub>`;
};
