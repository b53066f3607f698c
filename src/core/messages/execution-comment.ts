import { isQuestion } from "../domain/adhoc-task.ts";
import type { Brief } from "../domain/brief.ts";
import { type Execution, hasFoundNothing } from "../domain/execution.ts";
import type { StepId } from "../domain/ids.ts";
import type { Plan, PlannedStep } from "../domain/plan.ts";
import type { Queue } from "../domain/queue.ts";
import type { Step } from "../domain/step.ts";
import { collectStepWork } from "../domain/step-work.ts";
import { listAddedSteps, renderAmendment } from "./amendment.ts";
import { renderAttempts, type RunsByJob } from "./attempt-table.ts";
import { renderCapacityNote, type ShownCapacity } from "./capacity-note.ts";
import { type BudgetView, describeBudget, renderBudgetHold } from "./budget-text.ts";
import { renderBriefNote } from "./brief-section.ts";
import { renderOpenConflicts, renderWaitingConflicts } from "./open-conflicts.ts";
import {
  renderEarlierFailures,
  renderFailedSteps,
  renderInstructions,
  renderStepSummaries,
  renderStepNotes,
  renderStepReports,
  renderResolvedConflicts,
  renderSkippedRoles,
} from "./step-details.ts";
import { toInlineCode, MAX_COMMENT_CHARS, escapeInline, quoteWithin, escapeSentence } from "./escape.ts";
import type { PlanEstimate } from "../domain/plan-estimate.ts";
import { renderEstimate } from "./estimate-text.ts";
import { renderIgnoredResults } from "./ignored-results.ts";
import { renderMermaidBlock } from "./mermaid-graph.ts";
import { describeLanding, renderQueuedSteps } from "./landing-words.ts";
import { writeMarker } from "./comment-marker.ts";
import { formatProgress, renderProgressBar } from "./progress-bar.ts";
import { openPlaces } from "./queue-place.ts";
import { isPlannerAwaitingQuota, renderQuotaNote } from "./quota-note.ts";
import { renderNextCommand } from "./next-command.ts";
import { renderIgnoredRecords } from "./limit-notes.ts";
import { renderProposals } from "./proposals.ts";
import { renderReason } from "./refusal-page.ts";
import { renderRevisionNote } from "./revision-note.ts";
import { findShownEnd } from "./time-left.ts";
import { renderStepTable } from "./step-table.ts";
import { UNDONE_NOTE } from "./undo-text.ts";
import { renderUnreadRemarks } from "./unread-remarks.ts";

export type ExecutionCommentInput = {
  readonly execution: Execution;
  readonly plan: Plan | null;
  /** The amended plan; null without an amendment. */
  readonly grown: Plan | null;
  /** `null` if nothing was read. */
  readonly brief: Brief | null;
  readonly queue: Queue;
  /** Complete reports of the steps. */
  readonly reports: Readonly<Record<StepId, string>>;
  /** Absent without one. */
  readonly budget?: BudgetView;
  /** Until when its work waits for the quota of a model; null if nothing waits. */
  readonly quotaEnd?: number | null;
  /** Addresses of the steps' runs; see findStepRuns. */
  readonly runs?: Readonly<Record<StepId, string>>;
  readonly jobRuns?: RunsByJob;
  /** See Snapshot.unsignedLedger. */
  readonly unsignedLedger?: true;
  readonly capacity?: ShownCapacity;
  /** Time and money of a proposed plan; null without history, absent where none is shown. */
  readonly estimate?: PlanEstimate | null;
  /** Set if Enki acts with the token of a job. */
  readonly jobToken?: true;
};

const ISSUE_STAYS_OPEN_NOTE =
  "Nothing was changed, so the issue stays open. Close it if it is resolved, or ask again and say what is still wrong.";
const UNSIGNED_LEDGER_NOTE = "Enki's ledger is not signed here, so anyone with write access could change it.";
const JOB_TOKEN_NOTE =
  "Enki works with the token of its job here: other workflows start on its pull requests only after a person approves their runs, and none start when it lands. With an App's id and key in `enki.yml`, they start at once.";
const PARTS_OMITTED_NOTE = "Some parts are omitted because the comment would be too long.";

/** The table of the present steps leaves room for the steps of an amendment. */
const MAX_CHARS_BESIDE_AMENDMENT = 6_000;

/** Parts with the highest rank are omitted first; rank 0 is always kept. */
type CommentPart = { readonly text: string; readonly rank: number };

/** The only comment of an execution: state, graph, steps and the next useful command. Edited in place. */
export const renderExecutionComment = (input: ExecutionCommentInput): string => {
  const { execution, plan, queue } = input;
  const steps = plan?.steps ?? [];
  const added = listAddedSteps(input);
  const isProposed = execution.state === "proposed";
  // Looked up once, because lookups in a large record are slower than rendering.
  const startedSteps = steps.map(({ id }) => execution.steps[id]).filter((step) => step !== undefined);
  return keepFittingParts([
    { rank: 0, text: writeMarker({ kind: "execution", id: execution.id }) },
    { rank: 0, text: `### ${renderExecutionHeadline(execution, { all: startedSteps, frozen: queue.frozen !== null })}` },
    { rank: 1, text: renderProgress(input, startedSteps) },
    { rank: 1, text: quoteWithin(execution.request, { limit: 1_000, keep: "start" }, 4_000) },
    { rank: 1, text: renderBriefNote(input.brief) },
    { rank: 0, text: renderExecutionNotice(execution, queue, startedSteps) },
    { rank: 0, text: renderBudgetHold(input.budget) },
    { rank: 0, text: renderQuotaNote(execution, input.quotaEnd) },
    { rank: 1, text: renderIgnoredResults(execution) },
    { rank: 0, text: renderRevisionNote(execution) },
    { rank: 1, text: renderIgnoredRecords(execution) },
    { rank: 1, text: renderLandingNote(execution, queue) },
    { rank: 2, text: renderCapacityNote(execution.state, queue, input.capacity) },
    { rank: 4, text: renderMermaidBlock(steps, execution.steps) ?? "" },
    { rank: 0, text: renderPlacedSteps(input, steps) },
    { rank: 2, text: input.estimate === undefined ? "" : renderEstimate(input.estimate) },
    { rank: 1, text: renderSkippedRoles(execution) },
    { rank: 1, text: renderFailedSteps(startedSteps) },
    { rank: 1, text: renderEarlierFailures(startedSteps) },
    { rank: 1, text: renderOpenConflicts(execution.baseBranch, startedSteps) },
    { rank: 1, text: renderWaitingConflicts(execution, queue) },
    { rank: 1, text: renderStepNotes(startedSteps) },
    { rank: 0, text: hasFoundNothing(execution, plan) ? ISSUE_STAYS_OPEN_NOTE : "" },
    { rank: 0, text: execution.undoes && execution.state === "done" && !execution.onPullRequest ? UNDONE_NOTE : "" },
    { rank: 1, text: renderUnreadRemarks(execution, startedSteps) },
    { rank: 1, text: renderResolvedConflicts(startedSteps) },
    { rank: 0, text: isProposed ? renderInstructions(execution, { steps, plan: execution.plan, unfolded: true }) : "" },
    { rank: 0, text: renderNextCommand(execution, queue, { started: startedSteps, planned: steps }) },
    { rank: 0, text: renderProposalNotes(input) },
    { rank: 0, text: renderProposals(execution) },
    { rank: 0, text: renderAmendment(execution, added) },
    { rank: 2, text: renderStepReports(input, steps) },
    { rank: 3, text: renderStepSummaries(startedSteps) },
    { rank: 3, text: renderAttempts(execution, input.jobRuns) },
    { rank: 1, text: describeBudget(input.budget) },
    { rank: 3, text: isProposed ? "" : renderInstructions(execution, { steps, plan: execution.plan, unfolded: false }) },
    { rank: 0, text: renderFooter(execution) },
  ]);
};

const renderProgress = ({ execution, queue, budget }: ExecutionCommentInput, steps: readonly Step[]): string =>
  renderProgressBar(execution, steps, findShownEnd(execution, { queue, hold: budget?.hold ?? null }));

/** The table of the steps, with the places of queued work. */
const renderPlacedSteps = ({ execution, queue, runs }: ExecutionCommentInput, steps: readonly PlannedStep[]): string =>
  renderStepTable(steps, execution.steps, {
    runs,
    place: openPlaces(execution.id, queue),
    work: collectStepWork(execution),
    limit: execution.amendment ? MAX_CHARS_BESIDE_AMENDMENT : undefined,
  });

const renderProposalNotes = ({ execution, unsignedLedger, jobToken }: ExecutionCommentInput): string =>
  execution.state === "proposed"
    ? [...(unsignedLedger ? [UNSIGNED_LEDGER_NOTE] : []), ...(jobToken ? [JOB_TOKEN_NOTE] : [])].join("\n\n")
    : "";

/** Omits whole parts only: an open fence or element would swallow the following text. */
const keepFittingParts = (parts: readonly CommentPart[]): string => {
  const nonEmpty = parts.filter(({ text }) => text !== "");
  let remaining = MAX_COMMENT_CHARS;
  const kept = new Set<CommentPart>();
  for (const part of nonEmpty.toSorted((a, b) => a.rank - b.rank)) {
    if (part.rank > 0 && part.text.length + 2 > remaining) continue;
    remaining -= part.text.length + 2;
    kept.add(part);
  }
  const input = nonEmpty.flatMap((part) => (kept.has(part) ? [part.text] : []));
  return [...input, ...(input.length < nonEmpty.length ? [PARTS_OMITTED_NOTE] : [])].join("\n\n");
};

type HeadlineFacts = { readonly all: readonly Step[]; readonly frozen: boolean };

/** The state of an execution in a few words: the first line of its comment. `all`: its started steps. */
export const renderExecutionHeadline = (execution: Execution, { all, frozen }: HeadlineFacts): string => {
  const { state, amendment, plan } = execution;
  const progress = formatProgress(all);
  switch (state) {
    case "planning":
      return renderPlanningHeadline(execution);
    case "asking":
      return "The planner has a question";
    case "proposed":
      return "A plan, for your approval";
    case "running": {
      const isWaiting = frozen || amendment?.state === "proposed" || all.some((step) => step.state === "waiting");
      return `${isWaiting ? "Waiting for you" : "Running"}: ${progress}`;
    }
    case "paused":
      return `Paused: ${progress}`;
    case "done":
      return renderDoneHeadline(execution, all);
    case "failed":
      if (all.length > 0) return `Stopped: ${progress}`;
      return plan === null ? "Stopped: there is no plan" : "Stopped: the plan is not approved";
    case "cancelled":
      return all.some((step) => step.landed) ? `Cancelled: ${progress}; landed work stays` : "Cancelled";
  }
};

const renderPlanningHeadline = (execution: Execution): string => {
  const { planning, revision } = execution;
  if (isPlannerAwaitingQuota(execution)) return "Waiting to make a plan";
  if (revision?.state === "planning") return "Revising the plan";
  return planning.attempt > 1 ? `Making a plan, attempt ${planning.attempt}` : "Reading the code and making a plan";
};

const renderDoneHeadline = (execution: Execution, all: readonly Step[]): string => {
  const landed = all.filter((step) => step.landed).length;
  if (isQuestion(execution)) return "Done: the question is answered";
  if (landed === 0) return renderUnlandedHeadline(all);
  if (all.some(({ state }) => state === "skipped" || state === "cancelled")) return `Done: ${landed} of ${all.length} steps landed`;
  return execution.undoes ? "Done: the work is undone" : "Done: everything landed";
};

/** Readers land nothing: their reports are what was asked for. */
const renderUnlandedHeadline = (all: readonly Step[]): string => {
  const reports = all.filter(({ state, artifact }) => state === "done" && artifact).length;
  const below = reports === 1 ? "the report is below" : `the ${reports} reports are below`;
  if (reports === 0) return "Done: there was nothing to land";
  return reports === all.length ? `Done: ${below}` : `Done: there was nothing to land; ${below}`;
};

/** Reads an execution's end from its comment; null if it has not ended or can be retried. */
export const readCommentEnd = (body: string): "done" | "cancelled" | null => {
  const [, word] = /^<!--[^\n]*-->\n\n### (Done|Cancelled)\b/.exec(body) ?? [];
  return word === undefined ? null : word === "Done" ? "done" : "cancelled";
};

/** A notice about the whole execution; steps have their own. */
const renderExecutionNotice = (execution: Execution, { frozen }: Queue, all: readonly Step[]): string => {
  if (frozen && (execution.state === "running" || (execution.state === "done" && frozen.code === "tree-differs")))
    return `> [!WARNING]\n> **Nothing lands for now.** ${renderReason(frozen)}`;
  if (!execution.refusal) return "";
  if (execution.state === "asking") return escapeSentence(execution.refusal.message);
  if (execution.state === "cancelled" || execution.state === "paused") return renderReason(execution.refusal);
  const noStepFailed = all.every((step) => step.state !== "failed");
  return execution.state === "failed" && noStepFailed ? `> [!CAUTION]\n> ${renderReason(execution.refusal, 1_000)}` : "";
};

/** Empty if the verified commit is simply pushed. */
const renderLandingNote = ({ id, state, baseBranch }: Execution, { landingTerms, landing }: Queue): string => {
  if (!landingTerms || landingTerms.mode === "exact" || (state !== "running" && state !== "done")) return "";
  return `${describeLanding(baseBranch, landingTerms)}${renderQueuedSteps(id, landing)}`;
};

const renderFooter = ({ id, baseBranch, requestedBy, plan, approved, state }: Execution): string => {
  const parts = [
    `Execution ${toInlineCode(id)} on ${toInlineCode(baseBranch)}, requested by ${escapeInline(requestedBy)}`,
    ...(approved ? [`plan ${toInlineCode(approved.plan.slice(0, 12))} approved by ${escapeInline(approved.by)}`] : []),
    ...(!approved && plan !== null ? [`plan ${toInlineCode(plan.slice(0, 12))}`] : []),
    ...(state === "planning" || state === "running" || state === "paused" ? [`${toInlineCode(`/enki cancel ${id}`)} cancels it`] : []),
  ];
  return `<sub>${parts.join(" · ")}</sub>`;
};
