import type { Execution } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import { isGreen, type Queue } from "../../domain/queue.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { findOpenConflict, hasAbandonedRun, isAwaitingQuota, type Step } from "../../domain/step.ts";
import { describeBudgetHold, suggestRaise } from "../../messages/budget-text.ts";
import { formatResolutionAttempt } from "../../messages/open-conflicts.ts";
import {
  ACCUSED,
  AWAITS_PULL,
  AWAITS_STOP,
  AWAITS_VERDICT,
  AWAITS_WORKER,
  explainAttempt,
  explainBackOff,
  explainBudget,
  explainLanded,
  explainLanding,
  explainQueue,
  explainQuota,
  explainRepeatedAttempt,
  explainResolution,
  explainReworkedAttempt,
  explainUnmetNeeds,
  NOTHING_TO_LAND,
  REPORTED,
} from "../../messages/refusals/waits.ts";
import { AWAITS_REVERT } from "../../messages/refusals/undo.ts";
import { PAUSED_REFUSAL } from "../../messages/refusals/reviews.ts";
import { findBudgetHold, hasAgent } from "../budget-room.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { listUnmetNeeds } from "../needs.ts";
import { isRevertDue } from "../undo-state.ts";
import { listQuotaHolds } from "../quota-waits.ts";

export type ExplainedStep = { readonly execution: Execution; readonly step: Step; readonly planned: PlannedStep | undefined };

/** The name of a task within its own execution is its step. */
const toShortName = ({ id }: Execution, task: string): string => (task.startsWith(`${id}-`) ? task.slice(id.length + 1) : task);

const findPause = ({ state, refusal, id }: Execution): Refusal | null =>
  state === "paused" ? (refusal ?? { ...PAUSED_REFUSAL, next: `/enki resume ${id}` }) : null;

/** Why a step is in its state. States that need a person store their reason; the others follow from the ledger. */
export const findStepReason = (tx: DecisionReader, of: ExplainedStep): Refusal => {
  const { execution, step } = of;
  switch (step.state) {
    case "pending":
      return findPause(execution) ?? explainPending(tx, of);
    case "ready":
      return findPause(execution) ?? explainReady(tx, of);
    case "running":
      return explainRunning(tx, of);
    case "published":
      return explainPublished(tx, of);
    case "waiting":
    case "paused":
    case "blocked":
    case "failed":
    case "skipped":
    case "cancelled":
      return step.refusal;
    case "done":
      if (step.landed) return step.refusal ?? explainLanded(execution.baseBranch, step.landed.commit.slice(0, 12));
      return step.refusal ?? (step.artifact ? REPORTED : NOTHING_TO_LAND);
  }
};

const explainPending = (tx: DecisionReader, { execution, planned }: ExplainedStep): Refusal => {
  const unmet = listUnmetNeeds(tx, execution, planned);
  return unmet.length === 0 ? AWAITS_WORKER : explainUnmetNeeds(unmet.map(({ task }) => toShortName(execution, task)));
};

const explainReady = (tx: DecisionReader, { execution, step }: ExplainedStep): Refusal => {
  if (hasAbandonedRun(step)) return AWAITS_STOP;
  if (isRevertDue(execution, step)) return AWAITS_REVERT;
  const quotaEnd = isAwaitingQuota(step) ? step.notBefore : listQuotaHolds(tx, execution).get(step.id);
  if (quotaEnd !== undefined && quotaEnd > tx.now) return explainQuota(quotaEnd, `/enki retry ${toTaskId(execution.id, step.id)}`);
  const hold = hasAgent(tx, execution, step.id) ? findBudgetHold(tx, execution) : null;
  if (hold) return explainBudget(describeBudgetHold(hold), hold.kind === "execution" ? suggestRaise(hold) : "");
  return step.notBefore > tx.now ? explainBackOff(step.notBefore) : AWAITS_WORKER;
};

const explainRunning = (tx: LedgerReader, { execution, step }: ExplainedStep): Refusal => {
  const feedback = tx.ledger().feedback[`${toTaskId(execution.id, step.id)}/${step.attempt}`];
  if (feedback) return explainReworkedAttempt(step.attempt, feedback.pull);
  const isRepeated = step.attempt > 1 && step.lastFailure !== null;
  return isRepeated ? explainRepeatedAttempt(step.attempt, step.lastFailure) : explainAttempt(step.attempt);
};

const explainPublished = (tx: LedgerReader, of: ExplainedStep): Refusal => {
  const { execution, step } = of;
  const queue = tx.queue(execution.baseBranch);
  const conflict = findOpenConflict(step);
  if (conflict && !queue.frozen) return explainResolution(execution.baseBranch, formatResolutionAttempt(conflict));
  return step.refusal ?? findPause(execution) ?? queue.frozen ?? explainQueued(of, queue);
};

const explainQueued = ({ execution, step }: ExplainedStep, queue: Queue): Refusal => {
  const task = toTaskId(execution.id, step.id);
  const item = queue.items.find((each) => each.task === task && each.head === step.head?.sha);
  if (!item) return step.pull === null ? AWAITS_PULL : explainQueue(execution.baseBranch);
  if (item.refusal) return item.refusal;
  const candidates = queue.candidates.filter(({ items }) => items.some((each) => each.task === task && each.head === item.head));
  if (candidates.some((each) => isGreen(each))) return explainLanding(execution.baseBranch);
  if (item.strikes > 0) return ACCUSED;
  return candidates.length > 0 ? AWAITS_VERDICT : explainQueue(execution.baseBranch);
};
