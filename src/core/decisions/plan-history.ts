import { hasEnded } from "../domain/execution.ts";
import { ARCHIVE_REF } from "../domain/refs.ts";
import { collectHistory, joinHistories, type StepHistory } from "../domain/step-history.ts";
import type { DecisionReader, LedgerReader } from "./decision-transaction.ts";
import { type Known, mapKnown } from "../domain/known.ts";

/** The history of finished steps, from the ledger and the archive. */
export const readPlanHistory = (tx: DecisionReader): Known<StepHistory> => {
  const archive = tx.snapshot.refs[ARCHIVE_REF];
  const archived = archive === undefined ? {} : tx.readFact<"history">({ kind: "history", archive });
  return mapKnown(archived, (history) => joinHistories(collectHistory(listEnded(tx)), history));
};

/** Ended executions of the ledger with their plans, newest first. Running executions would change the estimate with each of their steps. */
const listEnded = (tx: LedgerReader) =>
  tx
    .executions()
    .filter((execution) => hasEnded(execution))
    .toSorted((one, other) => other.createdAt - one.createdAt)
    .flatMap((execution) => {
      const plan = tx.plan(execution.plan);
      return plan ? [{ execution, plan }] : [];
    });
