import type { ArchiveSubject } from "../domain/archived-execution.ts";
import { findExecutionIssue, findTarget } from "../domain/find-target.ts";
import { followsRules } from "../domain/decision.ts";
import type { Execution } from "../domain/execution.ts";
import type { ExecutionId } from "../domain/ids.ts";
import { orderSteps } from "../domain/plan-graph.ts";
import { ARCHIVE_REF } from "../domain/refs.ts";
import type { DecisionReader } from "./decision-transaction.ts";
import { type Known, UNKNOWN } from "../domain/known.ts";

/** A reader of executions, in the ledger or in the archive. */
export type ExecutionReader = Pick<DecisionReader, "executions" | "execution" | "steps" | "order">;

/** The issue and the executions of the ledger that a command concerns: the archive may hold their undos. */
const findSubject = (executions: readonly Execution[], number: number, target: string | null): ArchiveSubject => {
  const issue = findExecutionIssue(executions, number);
  const found = findTarget(executions, number, target);
  const known = [...executions.filter((each) => each.issue === issue), ...(found.ok ? [found.value.execution] : [])];
  return { issue, names: [...new Set([...(target === null ? [] : [target]), ...known.map(({ id }) => id)])] };
};

/**
 * Reads archived executions with landed work that concern a command on an issue, as if they were in the ledger ahead of the others.
 * Earlier versions read the ledger only.
 */
export const readWithArchive = (tx: DecisionReader, issue: number, target: string | null): Known<ExecutionReader> => {
  const archive = tx.snapshot.refs[ARCHIVE_REF];
  if (archive === undefined || !followsRules(tx.snapshot, 4)) return tx;
  const all = tx.readFact<"landed-archive">({ kind: "landed-archive", archive, ...findSubject(tx.executions(), issue, target) });
  if (all === UNKNOWN) return UNKNOWN;
  const left = new Map(all.flatMap((each) => (tx.execution(each.execution.id) ? [] : [[each.execution.id, each] as const])));
  const findArchived = (id: ExecutionId): Execution | undefined => left.get(id)?.execution;
  return {
    executions: () => [...[...left.values()].map(({ execution }) => execution), ...tx.executions()],
    execution: (id) => findArchived(id) ?? tx.execution(id),
    steps: (id) => {
      const archived = findArchived(id);
      return archived ? Object.values(archived.steps) : tx.steps(id);
    },
    order: (execution) => {
      const archived = left.get(execution.id);
      return archived ? orderSteps(archived.plan.steps) : tx.order(execution);
    },
  };
};
