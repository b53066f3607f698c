import { defuseText, toOneLine } from "./escape.ts";
import type { Execution } from "../domain/execution.ts";
import { type Sha, type StepId, toTaskId, type TaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";

export type LandingTrailers = { readonly task: string; readonly execution: string; readonly head: Sha };

type CommitContext = { readonly execution: Execution; readonly step: PlannedStep; readonly suffix: string };

/** A title that GitHub does not act upon: it closes nothing, mentions nobody and skips no run. */
const formatCommitSubject = ({ id, title }: PlannedStep): string => defuseText(toOneLine(title, 100)) || id;

/** The message of the commit that holds a worker's files. */
export const formatWorkMessage = ({ execution, step, suffix }: CommitContext): string =>
  [formatCommitSubject(step), "", ...(suffix ? [suffix, ""] : []), `Enki-Task: ${toTaskId(execution.id, step.id)}`].join("\n");

/** The message of the merge that puts a step's own changes on top of what landed in other commits. */
export const formatReattachMessage = ({ execution, step, suffix }: CommitContext): string =>
  [
    `Merge ${execution.baseBranch} into ${toTaskId(execution.id, step.id)}, which was built on what landed there`,
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${toTaskId(execution.id, step.id)}`,
  ].join("\n");

/** The message of the merge that brings a step into the base, with trailers that {@link readTrailers} gives back. */
export const formatLandingMessage = ({ execution, step, head, suffix }: CommitContext & { readonly head: Sha }): string =>
  [
    formatCommitSubject(step),
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${toTaskId(execution.id, step.id)}`,
    `Enki-Execution: ${execution.id}`,
    `Enki-Head: ${head}`,
  ].join("\n");

/** The same for a squash by GitHub: its title, as GitHub itself ends one, and the rest. */
export const formatSquashMessage = (work: CommitContext & { readonly head: Sha }, pull: number): { title: string; message: string } => {
  const [title = "", ...rest] = formatLandingMessage(work).split("\n");
  return { title: `${title} (#${pull})`, message: rest.join("\n").trim() };
};

/** The message of a merge that brings what a step needs, and what has not landed yet, into the commit that it works on. */
export const formatBaseMessage = (task: TaskId, head: Sha): string => `Build on ${task} at ${head.slice(0, 12)}, which has not landed yet`;

type ResolutionContext = { readonly execution: Execution; readonly step: StepId; readonly onto: Sha; readonly suffix: string };

/** The message of the merge that resolves a step's conflict with its base. */
export const formatResolutionMessage = ({ execution, step, onto, suffix }: ResolutionContext): string =>
  [
    `Merge ${execution.baseBranch} at ${onto.slice(0, 12)} into ${toTaskId(execution.id, step)}`,
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${toTaskId(execution.id, step)}`,
  ].join("\n");

/** The task that a worker's commit is for; null for any other message. */
export const readWorkTask = (message: string): string | null => /(?:^|\n)Enki-Task: (\S+)\s*$/.exec(message)?.[1] ?? null;

/** The trailers of a landing commit; null for any other message. GitHub may have added its own below those of a squash. */
export const readLandingTrailers = (message: string): LandingTrailers | null => {
  const parts = message.trimEnd().split("\n\n");
  const last = (/^(?:(?:Co-authored|Signed-off)-by: .*(?:\n|$))+$/.test(parts.at(-1) ?? "") ? parts.at(-2) : parts.at(-1)) ?? "";
  const found = /^Enki-Task: (\S+)\nEnki-Execution: (\S+)\nEnki-Head: ([0-9a-f]{40})(?:\n(?:Co-authored|Signed-off)-by: .*)*$/.exec(last);
  const [, task, execution, head] = found ?? [];
  return task !== undefined && execution !== undefined && head !== undefined ? { task, execution, head } : null;
};
