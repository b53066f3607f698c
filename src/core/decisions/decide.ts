import type { Decision, Snapshot } from "../domain/decision.ts";
import type { Event } from "../domain/event.ts";
import type { WorkflowLinker } from "../workflow/workflow-linker.ts";
import { RECONCILE_PASSES } from "./reconcile/passes.ts";
import { isForgottenEvent } from "./reconcile/inbox.ts";
import { applyCommanded } from "./apply/commanded.ts";
import { isQuoteWhileIdle } from "./apply/revise-plan.ts";
import { applyPerformed } from "./apply/performed.ts";
import { applyMisplaced } from "./apply/ignore-result.ts";
import { applyLedgerRefused } from "./apply/ledger-refused.ts";
import { applyResulted } from "./apply/resulted.ts";
import { applyRemarked, recordPullActivity } from "./apply/pull-activity.ts";
import { applySaveRefused } from "./apply/save-refused.ts";
import { type DecisionTransaction, openTransaction } from "./decision-transaction.ts";

/**
 * Decides from events, ledger and facts alone, without clock, randomness or IO. Each event is recorded once by its id. Everything else is
 * derived from the ledger, so a requested but unconfirmed effect is requested again.
 */
export const decide = (events: readonly Event[], snapshot: Snapshot, linkWorkflow?: WorkflowLinker): Decision => {
  const tx = openTransaction(snapshot, linkWorkflow);
  for (const event of events) applyEvent(tx, event);
  // While an event lacks a fact, no pass runs: passes would decide before every event is applied.
  if (tx.missingFacts().length === 0) for (const { run } of RECONCILE_PASSES) run(tx);
  return tx.decision();
};

const applyEvent = (tx: DecisionTransaction, event: Event): void => {
  switch (event.kind) {
    case "commanded":
      if (tx.ledger().handledEvents[event.id] !== undefined) return;
      if (isForgottenEvent(tx, event) || isQuoteWhileIdle(tx, event)) return;
      tx.markHandled(event.id);
      return applyCommanded(tx, event);
    case "ledger-refused":
      return applyLedgerRefused(tx, event);
    case "resulted":
      return tx.ledger().handledEvents[event.id] === undefined ? applyResulted(tx, event) : undefined;
    case "misplaced":
      return applyMisplaced(tx, event);
    case "performed":
      return applyPerformed(tx, event);
    case "save-refused":
      return applySaveRefused(tx, event);
    case "remarked":
      return applyRemarked(tx, event);
    case "woken":
      if (event.endedJob !== undefined) tx.reportEnded(event.endedJob);
      if (event.activity) {
        tx.reportActivity(event.activity, event.pull);
        recordPullActivity(tx, event.activity, event.pull);
      }
      return;
    case "swept":
      tx.reportActivity("kept");
      if (event.sweptUntil > tx.ledger().cursor) tx.setCursor(event.sweptUntil);
  }
};
