import { calm, oneLine } from "./escape.ts";
import type { Execution } from "../model/execution.ts";
import { type Sha, type StepId, taskId, type TaskId } from "../model/ids.ts";
import type { PlannedStep } from "../model/plan.ts";

export type Trailers = { readonly task: string; readonly execution: string; readonly head: Sha };

type Work = { readonly execution: Execution; readonly step: PlannedStep; readonly suffix: string };

/** A title that GitHub does not act upon: it closes nothing, mentions nobody and skips no run. */
const subject = ({ id, title }: PlannedStep): string => calm(oneLine(title, 100)) || id;

/** The message of the commit that holds a worker's files. */
export const workMessage = ({ execution, step, suffix }: Work): string =>
  [subject(step), "", ...(suffix ? [suffix, ""] : []), `Enki-Task: ${taskId(execution.id, step.id)}`].join("\n");

/** The message of the merge that puts a step's own changes on top of what landed in other commits. */
export const rejoinedMessage = ({ execution, step, suffix }: Work): string =>
  [
    `Merge ${execution.base} into ${taskId(execution.id, step.id)}, which was built on what landed there`,
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${taskId(execution.id, step.id)}`,
  ].join("\n");

/** The message of the merge that brings a step into the base, with trailers that {@link readTrailers} gives back. */
export const landingMessage = ({ execution, step, head, suffix }: Work & { readonly head: Sha }): string =>
  [
    subject(step),
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${taskId(execution.id, step.id)}`,
    `Enki-Execution: ${execution.id}`,
    `Enki-Head: ${head}`,
  ].join("\n");

/** The same for a squash by GitHub: its title, as GitHub itself ends one, and the rest. */
export const squashWords = (work: Work & { readonly head: Sha }, pull: number): { title: string; message: string } => {
  const [title = "", ...rest] = landingMessage(work).split("\n");
  return { title: `${title} (#${pull})`, message: rest.join("\n").trim() };
};

/** The message of a merge that brings what a step needs, and what has not landed yet, into the commit that it works on. */
export const baseMessage = (task: TaskId, head: Sha): string => `Build on ${task} at ${head.slice(0, 12)}, which has not landed yet`;

type Resolved = { readonly execution: Execution; readonly step: StepId; readonly onto: Sha; readonly suffix: string };

/** The message of the merge that resolves a step's conflict with its base. */
export const resolvedMessage = ({ execution, step, onto, suffix }: Resolved): string =>
  [
    `Merge ${execution.base} at ${onto.slice(0, 12)} into ${taskId(execution.id, step)}`,
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${taskId(execution.id, step)}`,
  ].join("\n");

/** The task that a worker's commit is for; null for any other message. */
export const readWorkTask = (message: string): string | null => /(?:^|\n)Enki-Task: (\S+)\s*$/.exec(message)?.[1] ?? null;

/** The trailers of a landing commit; null for any other message. GitHub may have added its own below those of a squash. */
export const readTrailers = (message: string): Trailers | null => {
  const parts = message.trimEnd().split("\n\n");
  const last = (/^(?:(?:Co-authored|Signed-off)-by: .*(?:\n|$))+$/.test(parts.at(-1) ?? "") ? parts.at(-2) : parts.at(-1)) ?? "";
  const found = /^Enki-Task: (\S+)\nEnki-Execution: (\S+)\nEnki-Head: ([0-9a-f]{40})(?:\n(?:Co-authored|Signed-off)-by: .*)*$/.exec(last);
  const [, task, execution, head] = found ?? [];
  return task !== undefined && execution !== undefined && head !== undefined ? { task, execution, head } : null;
};
