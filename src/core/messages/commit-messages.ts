import { defuseText, toOneLine } from "./escape.ts";
import type { Execution } from "../domain/execution.ts";
import { type Sha, type StepId, toTaskId, type TaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";

export type LandingTrailers = { readonly task: string; readonly execution: string; readonly head: Sha };

type CommitContext = { readonly execution: Execution; readonly step: PlannedStep; readonly suffix: string };

/** Without references, mentions and `[skip ci]`, on which GitHub would act. */
const formatCommitSubject = ({ id, title }: PlannedStep): string => defuseText(toOneLine(title, 100)) || id;

/** For the commit with a worker's files. */
export const formatWorkMessage = ({ execution, step, suffix }: CommitContext): string =>
  [formatCommitSubject(step), "", ...(suffix ? [suffix, ""] : []), `Enki-Task: ${toTaskId(execution.id, step.id)}`].join("\n");

/** For the merge that reattaches a step's changes to commits that already landed its base. */
export const formatReattachMessage = ({ execution, step, suffix }: CommitContext): string =>
  [
    `Merge ${execution.baseBranch} into ${toTaskId(execution.id, step.id)}, which was built on commits that landed there`,
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${toTaskId(execution.id, step.id)}`,
  ].join("\n");

/** For the merge that lands a step, with trailers for {@link readLandingTrailers}. */
export const formatLandingMessage = ({ execution, step, head, suffix }: CommitContext & { readonly head: Sha }): string =>
  [
    formatCommitSubject(step),
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${toTaskId(execution.id, step.id)}`,
    `Enki-Execution: ${execution.id}`,
    `Enki-Head: ${head}`,
  ].join("\n");

/** For a squash by GitHub, which appends the pull request's number to the title. */
export const formatSquashMessage = (work: CommitContext & { readonly head: Sha }, pull: number): { title: string; message: string } => {
  const [title = "", ...rest] = formatLandingMessage(work).split("\n");
  return { title: `${title} (#${pull})`, message: rest.join("\n").trim() };
};

/** For the merge of a need that has not landed yet into a step's base commit. */
export const formatBaseMessage = (task: TaskId, head: Sha): string => `Build on ${task} at ${head.slice(0, 12)}, which has not landed yet`;

/** For the commit of a trial, which never lands. */
export const formatTrialMessage = ({ task, head, suffix }: { task: TaskId; head: Sha; suffix: string }): string =>
  [`Try ${task} at ${head.slice(0, 12)} with the checks that judge it as before`, ...(suffix ? ["", suffix] : [])].join("\n");

type ResolutionContext = { readonly execution: Execution; readonly step: StepId; readonly onto: Sha; readonly suffix: string };

/** For the merge that resolves a step's conflict with its base. */
export const formatResolutionMessage = ({ execution, step, onto, suffix }: ResolutionContext): string =>
  [
    `Merge ${execution.baseBranch} at ${onto.slice(0, 12)} into ${toTaskId(execution.id, step)}`,
    "",
    ...(suffix ? [suffix, ""] : []),
    `Enki-Task: ${toTaskId(execution.id, step)}`,
  ].join("\n");

/** `null` for other messages. */
export const readWorkTask = (message: string): string | null => /(?:^|\n)Enki-Task: (\S+)\s*$/.exec(message)?.[1] ?? null;

/** Reads a landing commit's trailers; null for other messages. GitHub may have appended its own trailers to a squash. */
export const readLandingTrailers = (message: string): LandingTrailers | null => {
  const parts = message.trimEnd().split("\n\n");
  const last = (/^(?:(?:Co-authored|Signed-off)-by: .*(?:\n|$))+$/.test(parts.at(-1) ?? "") ? parts.at(-2) : parts.at(-1)) ?? "";
  const found = /^Enki-Task: (\S+)\nEnki-Execution: (\S+)\nEnki-Head: ([0-9a-f]{40})(?:\n(?:Co-authored|Signed-off)-by: .*)*$/.exec(last);
  const [, task, execution, head] = found ?? [];
  return task !== undefined && execution !== undefined && head !== undefined ? { task, execution, head } : null;
};
