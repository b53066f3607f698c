import type { CommandTarget } from "../../domain/command.ts";
import type { Execution } from "../../domain/execution.ts";
import type { Explanation } from "../../domain/explanation.ts";
import { findExecutionIssue, findTarget } from "../../domain/find-target.ts";
import { PULL_STEP_ID } from "../../domain/queued-pull.ts";
import { readOwn } from "../../domain/own-record.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import { accept, type Refusal, type Result } from "../../domain/refusal.ts";
import { AWAITS_APPROVAL, explainSkippedRole } from "../../messages/refusals/waits.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { explainExecution } from "./explain-execution.ts";
import { explainStep } from "./explain-step.ts";
import { suggestCommand } from "./suggest-actions.ts";

/** Explains an execution or a step. Refusals: those of `findTarget`. */
export const explainTarget = (tx: DecisionReader, issue: number, target: CommandTarget): Result<Explanation> => {
  const found = findTarget(tx.executions(), issue, target);
  if (!found.ok) return explainUnstarted(tx, issue, target) ?? found;
  const { execution } = found.value;
  // A person's pull request is a single step, with more details than its execution.
  const step = found.value.step ?? (execution.landsPull ? readOwn(execution.steps, PULL_STEP_ID) : null);
  return accept(step ? explainStep(tx, { execution, step, planned: tx.planned(execution, step.id) }) : explainExecution(tx, execution));
};

/** A step of a plan that nobody approved, or a role that a workflow skipped; null for any other name. */
const explainUnstarted = (tx: LedgerReader, issue: number, target: CommandTarget): Result<Explanation> | null => {
  if (target === null) return null;
  const here = tx.executions().filter((execution) => execution.issue === findExecutionIssue(tx.executions(), issue));
  for (const execution of here.toReversed()) {
    const skipped = readOwn(execution.workflow?.skippedRoles ?? {}, target);
    if (skipped !== undefined) return accept(toExplanation(execution, { id: target, title: "" }, explainSkippedRole(skipped)));
    const planned = findProposedStep(tx, execution, target);
    if (planned) return accept(toExplanation(execution, planned, AWAITS_APPROVAL));
  }
  return null;
};

const findProposedStep = (tx: LedgerReader, { plan, amendment }: Execution, target: string): PlannedStep | undefined =>
  [plan, amendment?.plan ?? null].flatMap((hash) => tx.plan(hash)?.steps ?? []).find(({ id }) => id === target);

const toExplanation = (execution: Execution, { id, title }: Pick<PlannedStep, "id" | "title">, why: Refusal): Explanation => {
  const hash = execution.state === "proposed" ? execution.plan : (execution.amendment?.plan ?? null);
  const isProposed = why === AWAITS_APPROVAL && hash !== null;
  return {
    execution: execution.id,
    step: id,
    title,
    state: isProposed ? "pending" : "skipped",
    why,
    evidence: [],
    steps: [],
    moreSteps: 0,
    actions: isProposed ? [suggestCommand("approve", `/enki approve ${hash.slice(0, 12)}`)] : [],
  };
};
