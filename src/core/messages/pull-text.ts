import type { Execution } from "../domain/execution.ts";
import { toTaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import type { Sha } from "../domain/ids.ts";
import type { Step, StepVerification } from "../domain/step.ts";
import type { Candidate, LandingTerms } from "../domain/queue.ts";
import { defuseText, toInlineCode, escapeInline, toOneLine, quoteWithin } from "./escape.ts";
import { renderTamperingGate } from "./tampering-text.ts";
import { isTampering, listFindings } from "../domain/tampering.ts";
import { findTrial } from "../domain/trial.ts";
import { describeLanding } from "./landing-words.ts";
import { isVerdictShown, type PullStanding, renderPullState } from "./pull-state.ts";
import { renderStepTask } from "./planned-step.ts";
import { describeWorkCheck } from "./work-check.ts";
import { linkPlanPage } from "./step-details.ts";

export const renderPullTitle = ({ planned }: { readonly planned: PlannedStep }): string =>
  defuseText(toOneLine(planned.title, 200)) || planned.id;

export type PullBodyInput = PullStanding & {
  /** `undefined` until known. */
  readonly terms: LandingTerms | undefined;
  /** Verify commands of the repository and of the step. */
  readonly commands: readonly string[];
  /** The address of the repository's pages; `undefined` if unknown. */
  readonly repositoryUrl: string | undefined;
};

/** The text of a step's pull request: state, task, changes, verification and landing. Rendered again when its facts change. */
export const renderPullBody = (input: PullBodyInput): string => {
  const { execution, planned, step } = input;
  const task = toTaskId(execution.id, step.id);
  const withdraw = isOver(step)
    ? ""
    : ` · push to this branch to change what lands · ${toInlineCode(`/enki cancel ${task}`)} on #${execution.issue} withdraws it`;
  return [
    renderPullState(input),
    `Step ${toInlineCode(step.id)} of the plan for #${execution.issue}, requested by ${escapeInline(execution.requestedBy)}: ${escapeInline(execution.request)}`,
    ...(step.output.trim() === ""
      ? []
      : ["**Changes**, in the worker's words", quoteWithin(step.output, { limit: 4_000, keep: "start" }, 12_000)]),
    "**Task**",
    renderTask(execution, planned),
    ...renderVerification(input),
    ...(isOver(step) ? [] : renderLanding(input)),
    `<sub>Task ${toInlineCode(task)} of execution ${toInlineCode(execution.id)} · [progress](${input.progressUrl})${withdraw}</sub>`,
  ].join("\n\n");
};

/** For a pull request whose text was edited too often: every sentence stays true. */
export const renderUnfollowedPullBody = ({ execution, planned, progressUrl }: Omit<PullStanding, "step">): string =>
  [
    `Step ${toInlineCode(planned.id)} of the plan for #${execution.issue}. Its state changed so often that this text no longer follows it; [the comment on the issue](${progressUrl}) does.`,
    "**Task**",
    renderTask(execution, planned),
  ].join("\n\n");

const isOver = ({ state }: PullBodyInput["step"]): boolean => state === "done" || state === "cancelled" || state === "skipped";

const renderLanding = ({ execution, planned, step, terms, repositoryUrl }: PullBodyInput): readonly string[] => [
  "**How it lands**",
  ...(planned.checkpoint || !isTampering(step) ? [describeGate(planned, terms)] : []),
  ...(isTampering(step)
    ? [renderTamperingGate({ findings: listFindings(step), trial: findTrial(step), runUrl: (run) => toRunUrl(repositoryUrl, run) })]
    : []),
  ...(terms ? [describeLanding(execution.baseBranch, terms)] : []),
];

const describeGate = ({ checkpoint }: PlannedStep, terms: LandingTerms | undefined): string => {
  if (checkpoint)
    return "This is a **checkpoint**: Enki lands it, and starts the steps that depend on it, once a person with write permission approves this exact head in a review.";
  const reviews = terms && terms.requiredReviews > 0 ? " and this head has the approving reviews that the rules require" : "";
  return `Enki lands it automatically as soon as the commit that would land is verified${reviews}.`;
};

const MAX_COMMANDS_LISTED = 10;

const toRunUrl = (repositoryUrl: string | undefined, run: number): string | null =>
  repositoryUrl === undefined ? null : `${repositoryUrl}/actions/runs/${run}`;

/** A verdict with links to its commit and its run. */
const renderVerdict = ({ passed, commit, run }: StepVerification, repositoryUrl: string | undefined): string => {
  const short = toInlineCode(commit.slice(0, 12));
  const words = `${passed ? "Passed" : "Failed"} on`;
  if (repositoryUrl === undefined) return `${words} ${short}`;
  return `${words} [${short}](${repositoryUrl}/commit/${commit})${run === null ? "" : ` · [run](${repositoryUrl}/actions/runs/${run})`}`;
};

/** The verdict about the present head; absent for an earlier head. */
const findHeadVerdict = ({ verification, head }: Step): StepVerification | undefined =>
  head && verification?.head === head.sha ? verification : undefined;

/** The verdict about the present head, or the next verification, with the commands. */
const renderVerification = ({ step, commands, repositoryUrl }: PullBodyInput): readonly string[] => {
  const shown = findHeadVerdict(step);
  if (commands.length === 0 || (isOver(step) && (!shown || !step.landed))) return [];
  const listed = commands.slice(0, MAX_COMMANDS_LISTED).map((command) => `- ${toInlineCode(command)}`);
  const more = commands.length > MAX_COMMANDS_LISTED ? [`- … and ${commands.length - MAX_COMMANDS_LISTED} more`] : [];
  const verdict =
    shown && isVerdictShown(step) ? renderVerdict(shown, repositoryUrl) : "Enki runs these commands on the commit that would land";
  return ["**Verification**", `${verdict}:`, [...listed, ...more].join("\n"), ...renderWorkCheck(step)];
};

/** What the last attempt saw in its own job, unless a person's push replaced its work. */
const renderWorkCheck = ({ workCheck, head }: Step): readonly string[] =>
  workCheck && head?.by === "worker" ? [`The agent's job checked its work before: ${describeWorkCheck(workCheck)}`] : [];

/** Leaves room for the worker's words. */
const MAX_TASK_CHARS = 40_000;

/** The step as a person approved it. */
const renderTask = (execution: Execution, step: PlannedStep): string => {
  const text = renderStepTask(step);
  if (text.length <= MAX_TASK_CHARS) return text;
  return `The task is too long for this description. Read it in the plan: ${linkPlanPage(execution, execution.plan) ?? `see #${execution.issue}`}`;
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
