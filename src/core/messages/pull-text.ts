import type { Execution } from "../domain/execution.ts";
import { toTaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import type { Sha } from "../domain/ids.ts";
import type { Candidate, LandingTerms } from "../domain/queue.ts";
import { defuseText, toInlineCode, escapeInline, toOneLine, quoteWithin } from "./escape.ts";
import { renderTamperingGate } from "./tampering-text.ts";
import type { TamperingFinding } from "../domain/tampering.ts";
import { describeLanding } from "./landing-words.ts";
import { renderStepTask } from "./planned-step.ts";
import { linkPlanPage } from "./step-details.ts";

type PullContext = { readonly execution: Execution; readonly step: PlannedStep };

export const renderPullTitle = ({ step }: PullContext): string => defuseText(toOneLine(step.title, 200)) || step.id;

type PullBodyInput = PullContext & {
  readonly output: string;
  /** `undefined` until known. */ readonly terms: LandingTerms | undefined;
  /** Tampering in the present head. */
  readonly findings?: readonly TamperingFinding[];
};

export const renderPullBody = ({ execution, step, output, terms, findings = [] }: PullBodyInput): string => {
  const task = toTaskId(execution.id, step.id);
  return [
    `Step ${toInlineCode(step.id)} of the plan for #${execution.issue}, requested by ${escapeInline(execution.requestedBy)}: ${escapeInline(execution.request)}`,
    ...(output.trim() === "" ? [] : ["**Changes**, in the worker's words", quoteWithin(output, { limit: 4_000, keep: "start" }, 12_000)]),
    "**Task**",
    renderTask(execution, step),
    "**How it lands**",
    ...(step.checkpoint || findings.length === 0 ? [describeGate(step, terms)] : []),
    ...(findings.length > 0 ? [renderTamperingGate(findings)] : []),
    ...(terms ? [describeLanding(execution.baseBranch, terms)] : []),
    `<sub>Task ${toInlineCode(task)} of execution ${toInlineCode(execution.id)} · push to this branch to change what lands · ${toInlineCode(`/enki cancel ${task}`)} on #${execution.issue} withdraws it</sub>`,
  ].join("\n\n");
};

const describeGate = ({ checkpoint }: PlannedStep, terms: LandingTerms | undefined): string => {
  if (checkpoint)
    return "This is a **checkpoint**: Enki lands it, and starts the steps that depend on it, once a person with write permission approves this exact head in a review.";
  const reviews = terms && terms.requiredReviews > 0 ? " and this head has the approving reviews that the rules require" : "";
  return `Enki lands it automatically as soon as the commit that would land is verified${reviews}.`;
};

/** Leaves room for the worker's words. */
const MAX_TASK_CHARS = 40_000;

/** The step as a person approved it. */
const renderTask = (execution: Execution, step: PlannedStep): string => {
  const text = renderStepTask(step);
  if (text.length <= MAX_TASK_CHARS) return text;
  return `The task is too long for this text. It is in the plan: ${linkPlanPage(execution, execution.plan) ?? `see #${execution.issue}`}`;
};

export const renderBatchTitle = ({ items }: Candidate): string =>
  items.length === 1 ? "Land a verified step" : `Land ${items.length} verified steps`;

/** For the pull request of a whole candidate. */
export const renderBatchBody = ({ commit, items }: Candidate): string =>
  [
    `${toInlineCode(commit.slice(0, 12))} is verified as a whole. Enki merges it automatically, together with the pull requests of its steps.`,
    items.map(({ task, head }) => `- ${toInlineCode(task)} at ${toInlineCode(head.slice(0, 12))}`).join("\n"),
  ].join("\n\n");

export const renderRevertTitle = (merge: Sha): string => `Revert ${merge.slice(0, 12)}, whose files differ from the verified ones`;
export const renderRevertMessage = (merge: Sha): string => `Revert ${merge.slice(0, 12)}\n\nIts files differ from the verified ones.\n`;
export const renderRevertBody = (merge: Sha): string =>
  `The files of ${toInlineCode(merge.slice(0, 12))} differ from those that were verified before the merge, so nothing lands until a person decides. Merge this to revert it, or comment ${toInlineCode("/enki retry")} on the issue to keep it.`;
