import type { Execution } from "../domain/execution.ts";
import { JOB_TOKEN_BOT } from "../domain/product.ts";
import { renderExecutionComment } from "../messages/execution-comment.ts";
import { viewBudget } from "./budget-room.ts";
import { renderLandingComment } from "../messages/landing-comment.ts";
import { findStepRuns } from "./run-links.ts";
import type { DecisionReader } from "./decision-transaction.ts";
import { showCapacity } from "./parallel-limits.ts";

/** The current text of an execution's comment. */
export const renderExecutionBody = (tx: DecisionReader, execution: Execution): string => {
  const [plan, grown] = [tx.plan(execution.plan), tx.plan(execution.amendment?.plan ?? null)];
  const [brief, queue] = [tx.brief(execution.id), tx.queue(execution.baseBranch)];
  const { unsignedLedger, botLogin } = tx.snapshot;
  const { landsPull } = execution;
  if (landsPull) return renderLandingComment({ execution, landsPull, queue, capacity: showCapacity(tx, queue) });
  const reports = listExecutionReports(tx, execution);
  const limits = { ...(unsignedLedger && { unsignedLedger }), ...(botLogin === JOB_TOKEN_BOT.login && { jobToken: true as const }) };
  const shown = { capacity: showCapacity(tx, queue), budget: viewBudget(tx, execution), runs: findStepRuns(tx, execution) };
  return renderExecutionComment({ execution, plan, grown, brief, queue, reports, ...shown, ...limits });
};

const listExecutionReports = (tx: DecisionReader, { id }: Execution): Record<string, string> => {
  const start = `${id}/`;
  const own = Object.entries(tx.ledger().artifacts).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(own.map(([name, text]) => [name.slice(start.length), text]));
};
