import type { Execution } from "../domain/execution.ts";
import { toTaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import type { Sha } from "../domain/ids.ts";
import type { Candidate, LandingTerms } from "../domain/queue.ts";
import { defuseText, toInlineCode, escapeInline, toOneLine, quoteText } from "./escape.ts";
import { describeLanding } from "./landing-words.ts";

type PullContext = { readonly execution: Execution; readonly step: PlannedStep };

export const renderPullTitle = ({ step }: PullContext): string => defuseText(toOneLine(step.title, 200)) || step.id;

type PullBodyInput = PullContext & {
  readonly output: string;
  /** Undefined while they are not known. */ readonly terms: LandingTerms | undefined;
};

/** What the pull request is for, who asked, and how it lands. */
export const renderPullBody = ({ execution, step, output, terms }: PullBodyInput): string => {
  const task = toTaskId(execution.id, step.id);
  return [
    `Step ${toInlineCode(step.id)} of a plan for #${execution.issue}, where ${escapeInline(execution.requestedBy)} asked: ${escapeInline(execution.request)}`,
    ...(output.trim() === "" ? [] : ["**What was done**, in the worker's words", quoteText(output, { limit: 4_000, keep: "start" })]),
    "**What was to do**",
    quoteText(step.description, { limit: 8_000, keep: "start" }),
    "**How it lands**",
    step.checkpoint
      ? "This is a **checkpoint**: Enki lands it, and starts what needs it, once a person with write permission approved exactly this head with a review."
      : `Enki lands it by itself, as soon as the commit that would land is green${terms && terms.requiredReviews > 0 ? " and this head has the approving reviews that the rules ask for" : ""}.`,
    ...(terms ? [describeLanding(execution.baseBranch, terms)] : []),
    `<sub>Task ${toInlineCode(task)} of execution ${toInlineCode(execution.id)} · push to this branch to change what lands · ${toInlineCode(`/enki cancel ${task}`)} on #${execution.issue} withdraws it</sub>`,
  ].join("\n\n");
};

export const renderBatchTitle = ({ items }: Candidate): string =>
  items.length === 1 ? "Land a verified step" : `Land ${items.length} verified steps`;

/** What the pull request of a whole candidate brings. */
export const renderBatchBody = ({ commit, items }: Candidate): string =>
  [
    `${toInlineCode(commit.slice(0, 12))} is green as a whole. Enki merges it by itself; the pull requests of its steps are merged with it.`,
    items.map(({ task, head }) => `- ${toInlineCode(task)} at ${toInlineCode(head.slice(0, 12))}`).join("\n"),
  ].join("\n\n");

export const renderRevertTitle = (merge: Sha): string => `Take back ${merge.slice(0, 12)}, which is not what was verified`;
export const renderRevertMessage = (merge: Sha): string =>
  `Take back ${merge.slice(0, 12)}\n\nIts files are not those that were verified.\n`;
export const renderRevertBody = (merge: Sha): string =>
  `The files of ${toInlineCode(merge.slice(0, 12))} are not those that were verified before it was merged. Nothing lands until a person has looked at it: merge this to take it back, or comment ${toInlineCode("/enki retry")} on the issue to go on with it as it is.`;
