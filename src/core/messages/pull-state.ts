import type { Execution } from "../domain/execution.ts";
import { hashValue, toTaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { findEarlierFailure, findFailureLog, findOpenConflict, isAwaitingAnswer, isHeldByPerson, type Step } from "../domain/step.ts";
import { listFindings } from "../domain/tampering.ts";
import { findTrial, isEndedTrial } from "../domain/trial.ts";
import { escapeSentence, toInlineCode } from "./escape.ts";
import { renderNextOwnStep } from "./next-command.ts";
import { formatConflicts } from "./open-conflicts.ts";
import { renderReason } from "./refusal-page.ts";
import { renderFailureLog } from "./step-details.ts";
import { describeFailedTrial } from "./trial-text.ts";

/** A step's pull request in its present state. */
export type PullStanding = {
  readonly execution: Execution;
  readonly planned: PlannedStep;
  readonly step: Step;
  /** The address of the execution's comment. */
  readonly progressUrl: string;
};

const joinParts = (...parts: readonly string[]): string => parts.filter((part) => part !== "").join("\n\n");

const explain = (words: string, { refusal }: Step, next = refusal === null ? "" : renderNextOwnStep(refusal)): string =>
  joinParts(`${words}${refusal === null ? "" : ` ${renderReason(refusal, 1_000)}`}`, next);

/** Reasons that only mean a missing approval of the head. */
const PLAIN_WAIT_CODES: ReadonlySet<string> = new Set(["checkpoint"]);

/** A wait for GitHub's own list, which needs no person. */
const isUnseen = ({ state, refusal }: Step): boolean => state === "waiting" && refusal?.code === "pull-unseen";

const describeReview = ({ baseBranch }: Execution, step: Step): string => {
  const trial = findTrial(step);
  const land = `approve this head with a review to land it on ${toInlineCode(baseBranch)}.`;
  return trial?.state === "failed"
    ? `🟡 **Waits for your review.** It changes the checks that judge it, and **${describeFailedTrial(trial)}**. Find out why, then request changes, or ${land}`
    : `🟡 **Waits for your review.** Its work is verified: ${land}`;
};

const describeWait = (execution: Execution, step: Step & { readonly state: "waiting" }): string => {
  if (isAwaitingAnswer(step)) return explain("🟡 **Waits for an answer.**", step);
  if (isHeldByPerson(step) && step.refusal.code !== "unreviewed") return explain("🟡 **Held by a person.**", step);
  const words = describeReview(execution, step);
  return PLAIN_WAIT_CODES.has(step.refusal.code) ? words : explain(words, step, "");
};

const describeQueued = ({ execution, planned, step, progressUrl }: PullStanding): string => {
  const base = toInlineCode(execution.baseBranch);
  const conflict = findOpenConflict(step);
  if (conflict)
    return `🔵 **Resolving a conflict** with ${base} in ${formatConflicts(conflict.conflicts)}. This branch gets a new head, which is verified again.`;
  const needs = planned.needs.length === 0 ? "." : ", after the steps that it needs.";
  return `🔵 **In the queue of ${base}.** It lands once it is verified together with the work ahead of it${needs} [Its place in the queue](${progressUrl})`;
};

/** The state of a step as the first lines of its pull request. Every change of the text is a change of {@link toPullStateKey}. */
export const renderPullState = (standing: PullStanding): string => {
  const { execution, step } = standing;
  const base = toInlineCode(execution.baseBranch);
  switch (step.state) {
    case "pending":
    case "ready":
    case "running":
      return "🔵 **Being reworked.** The next attempt gives this branch a new head, which is verified again.";
    case "published":
      return describeQueued(standing);
    case "waiting":
      return isUnseen(step) ? describeQueued(standing) : describeWait(execution, step);
    case "paused":
      return explain(
        "⏸️ **Not landing for now.**",
        step,
        `To continue, comment ${toInlineCode(`/enki resume ${toTaskId(execution.id, step.id)}`)} on #${execution.issue}.`,
      );
    case "blocked":
      return explain("⛔ **Blocked.**", step);
    case "failed":
      return joinParts(explain("❌ **Failed.**", step), renderFailureLog(findFailureLog(step)));
    case "cancelled":
      return joinParts(explain("🚫 **Not landed.**", step, ""), describeEarlierFailure(step));
    case "skipped":
      return joinParts(explain("⏭️ **Not landed.**", step, ""), describeEarlierFailure(step));
    case "done":
      return step.landed
        ? joinParts(`✅ **Landed** on ${base} as ${step.landed.commit}.`, describeLateRemark(step))
        : `✅ **Nothing to land.** ${escapeSentence(step.refusal?.message ?? "", 1_000)}`.trimEnd();
  }
};

const describeEarlierFailure = (step: Step): string => {
  const failure = findEarlierFailure(step);
  return failure === null ? "" : joinParts(`It had failed. ${renderReason(failure, 1_000)}`, renderFailureLog(findFailureLog(step)));
};

const describeLateRemark = ({ refusal }: Step): string => (refusal?.code === "remark" ? escapeSentence(refusal.message, 1_000) : "");

const isBeingReworked = ({ state }: Step): boolean => state === "pending" || state === "ready" || state === "running";

const listFailureReasons = (step: Step): readonly string[] => {
  const failure = findEarlierFailure(step);
  return failure === null ? [] : [failure.message];
};

/** The longer parts of the text; empty for most steps. */
const listShownReasons = (step: Step): readonly unknown[] => {
  const conflict = findOpenConflict(step);
  if (conflict) return conflict.conflicts.map(({ path, kind }) => [path, kind]);
  const { refusal } = step;
  if (refusal === null || isBeingReworked(step) || isUnseen(step) || step.state === "published") return [];
  return step.state === "waiting" && PLAIN_WAIT_CODES.has(refusal.code)
    ? []
    : [refusal.code, refusal.message, refusal.next, ...listFailureReasons(step)];
};

/** Whether the text names the commit of the last verdict. */
export const isVerdictShown = (step: Step): boolean => !isUnseen(step) && isVerdictState(step.state);

const isVerdictState = (state: Step["state"]): boolean => state === "waiting" || state === "failed" || state === "done";

/** What the text says about changes of the checks that judge the head. An unfinished trial has one text. */
const listJudged = (step: Step): { findings: readonly unknown[]; judged: readonly unknown[] } => {
  const findings = step.landed ? [] : listFindings(step);
  const trial = step.landed ? undefined : findTrial(step);
  return { findings, judged: trial ? [findings, isEndedTrial(trial) ? trial : "open"] : [findings] };
};

/**
 * All changing facts in the text of a pull request, as one word. A moving head in the queue changes nothing, because the text names no
 * head then.
 */
export const toPullStateKey = (step: Step): string => {
  const reasons = listShownReasons(step);
  const commit = step.landed?.commit ?? (isVerdictShown(step) ? step.verification?.commit : undefined) ?? "";
  const { findings, judged } = listJudged(step);
  return [
    isBeingReworked(step) ? "reworked" : isUnseen(step) ? "published" : step.state,
    (step.result ?? "").slice(0, 12),
    commit.slice(0, 12),
    [...reasons, ...findings].length === 0 ? "" : hashValue([reasons, ...judged]).slice(0, 12),
  ].join(".");
};
