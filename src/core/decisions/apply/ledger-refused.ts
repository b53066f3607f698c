import type { Event } from "../../domain/event.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { renderRefusedLedger } from "../../messages/refused-ledger.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import type { EffectWriter, EventWriter } from "../decision-transaction.ts";

/** Limit per refused ledger, because a person may have changed every execution. */
const MAX_EXECUTIONS_TOLD = 10;

/** Informs people once on the issue of each execution that the refused ledger changed, or of each unfinished execution if unknown. */
export const applyLedgerRefused = (tx: EffectWriter & EventWriter, event: Extract<Event, { kind: "ledger-refused" }>): void => {
  if (tx.ledger().handledEvents[event.id] !== undefined) return;
  tx.markHandled(event.id);
  const changed = tx.executions().filter(({ id }) => event.executions.includes(id));
  const concerned = changed.length > 0 ? changed : tx.executions().filter((each) => !hasEnded(each));
  for (const execution of concerned.slice(-MAX_EXECUTIONS_TOLD)) tellExecution(tx, execution, event.foreign);
  tx.note(`refused the foreign ledger ${event.foreign.slice(0, 12)}`);
};

const tellExecution = (tx: EffectWriter, { id, issue }: Execution, foreign: string): void => {
  const key = `write-comment:ledger/${id}` as const;
  // One comment is enough, however often somebody tries.
  if (tx.effectRecord(key) || Object.hasOwn(tx.ledger().outbox, key)) return;
  const marker = writeMarker({ kind: "ledger", id });
  const body = `${marker}\n\n${renderRefusedLedger(id, foreign)}`;
  tx.enqueueEffect({ kind: "write-comment", key, issue, marker, body, comment: null });
};
