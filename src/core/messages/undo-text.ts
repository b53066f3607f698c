import { LONE_STEP, type PlannedStep, DEFAULT_TIER } from "../domain/plan.ts";
import { hashValue, type StepId } from "../domain/ids.ts";
import type { RevertedLanding } from "../domain/reverted-landing.ts";
import { defuseText, toInlineCode, toOneLine } from "./escape.ts";

const PREFIXES = { undo: { id: "undo_", title: "Undo: " }, redo: { id: "redo_", title: "Redo: " } } as const;
const MAX_STEP_ID_CHARS = 63;

/** Whether the reverted step undid something itself: its undo brings the work back. */
const chooseWords = (id: StepId): { to: "undo" | "redo"; from: "undo" | "redo" | null } => {
  if (id.startsWith(PREFIXES.undo.id)) return { to: "redo", from: "undo" };
  return { to: "undo", from: id.startsWith(PREFIXES.redo.id) ? "redo" : null };
};

const dropPrefix = (text: string, prefix: string): string => (text.startsWith(prefix) ? text.slice(prefix.length) : text);

type RevertedStep = { readonly id: StepId; readonly title: string; readonly isUndo: boolean };

const toRevertId = (name: string, to: "undo" | "redo"): StepId => {
  const id = PREFIXES[to].id + name;
  return id.length <= MAX_STEP_ID_CHARS ? id : PREFIXES[to].id + hashValue(name).slice(0, 12);
};

/** The planned step that reverts another step. */
export const toRevertStep = (
  { id, title, isUndo }: RevertedStep,
  { landing, after }: { readonly landing: RevertedLanding; readonly after: StepId | null },
): PlannedStep => {
  const { to, from } = isUndo ? chooseWords(id) : { to: "undo" as const, from: null };
  const name = from === null ? id : dropPrefix(id, PREFIXES[from].id);
  const plain = from === null ? title : dropPrefix(title, PREFIXES[from].title);
  return {
    ...LONE_STEP,
    id: toRevertId(name, to),
    title: PREFIXES[to].title + plain,
    description: describeRevert(landing),
    tier: DEFAULT_TIER,
    optional: true,
    needs: after === null ? [] : [{ step: after, condition: "completed" }],
  };
};

const describeRevert = ({ task, commit }: RevertedLanding): string =>
  [
    `Revert what ${toInlineCode(task)} changed when it landed with ${toInlineCode(commit.slice(0, 12))}, and keep everything else.`,
    "Git makes this change, without an agent. An agent works on this step only after a person requested changes, or retried the step after red verification: it starts from the revert, and adjusts what depends on the reverted work.",
  ].join("\n\n");

const MAX_TASKS_NAMED = 10;

/** The request of an undo, for its comment and its pull requests. */
export const describeUndo = (landings: readonly RevertedLanding[]): string => {
  const names = landings.slice(0, MAX_TASKS_NAMED).map(({ task }) => task);
  const more = landings.length > MAX_TASKS_NAMED ? [`${landings.length - MAX_TASKS_NAMED} more`] : [];
  return `Undo ${[...names, ...more].join(", ")}`;
};

/** The message of a revert's commit; its last line names the task, as in every commit of a worker. */
export const formatRevertMessage = (
  step: PlannedStep,
  { landing, task, suffix }: { readonly landing: RevertedLanding; readonly task: string; readonly suffix: string },
): string =>
  [
    defuseText(toOneLine(step.title, 100)) || step.id,
    "",
    `This reverts commit ${landing.commit}, which landed ${landing.task}.`,
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${task}`,
  ].join("\n");

export const UNDONE_NOTE =
  "The work is undone, so this issue may be open again: reopen it if the request still stands, or ask again with `/enki fix`.";
