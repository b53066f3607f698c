import type { Execution } from "../domain/execution.ts";
import { JOB_TOKEN_BOT } from "../domain/product.ts";
import { estimatePlan, type PlanEstimate } from "../domain/plan-estimate.ts";
import { renderExecutionComment } from "../messages/execution-comment.ts";
import { viewBudget } from "./budget-room.ts";
import { renderLandingComment } from "../messages/landing-comment.ts";
import { findJobRuns, findStepRuns } from "./run-links.ts";
import type { DecisionReader, LedgerReader } from "./decision-transaction.ts";
import { readPlanHistory } from "./plan-history.ts";
import { listQuotaHolds } from "./quota-waits.ts";
import { showCapacity } from "./parallel-limits.ts";
import { UNKNOWN } from "../domain/known.ts";

/** The current text of an execution's comment. */
export const renderExecutionBody = (tx: DecisionReader, execution: Execution): string => {
  const [plan, grown] = [tx.plan(execution.plan), tx.plan(execution.amendment?.plan ?? null)];
  const [brief, queue] = [tx.brief(execution.id), tx.queue(execution.baseBranch)];
  const { unsignedLedger, botLogin } = tx.snapshot;
  const { landsPull } = execution;
  if (landsPull) return renderLandingComment({ execution, landsPull, queue, capacity: showCapacity(tx, queue) });
  const reports = listExecutionReports(tx, execution);
  const limits = { ...(unsignedLedger && { unsignedLedger }), ...(botLogin === JOB_TOKEN_BOT.login && { jobToken: true as const }) };
  const holds = [...listQuotaHolds(tx, execution).values()];
  const quotaEnd = holds.length === 0 ? null : Math.max(...holds);
  const shown = {
    quotaEnd,
    capacity: showCapacity(tx, queue),
    budget: viewBudget(tx, execution),
    runs: findStepRuns(tx, execution),
    jobRuns: findJobRuns(tx, execution),
  };
  const estimate = estimateProposal(tx, execution);
  return renderExecutionComment({
    execution,
    plan,
    grown,
    brief,
    queue,
    reports,
    ...shown,
    ...limits,
    ...(estimate !== undefined && { estimate }),
  });
};

/** The estimate of a proposed plan; undefined where none is shown, and while the archive is read. */
const estimateProposal = (tx: DecisionReader, { state, plan: hash }: Execution): PlanEstimate | null | undefined => {
  const plan = tx.plan(hash);
  // Decisions that earlier versions stored have no such configuration, and did not read the archive.
  if (state !== "proposed" || plan === null || tx.snapshot.config.policy.tests === undefined) return undefined;
  const history = readPlanHistory(tx);
  return history === UNKNOWN ? undefined : estimatePlan(plan, history);
};

const listExecutionReports = (tx: LedgerReader, { id }: Execution): Record<string, string> => {
  const start = `${id}/`;
  const own = Object.entries(tx.ledger().artifacts).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(own.map(([name, text]) => [name.slice(start.length), text]));
};
