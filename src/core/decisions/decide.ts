import type { Decision, Snapshot } from "../domain/decision.ts";
import type { Event } from "../domain/event.ts";
import { applyCommanded } from "./apply/commanded.ts";
import { isIdleQuote } from "./apply/revising.ts";
import { applyPerformed } from "./apply/performed.ts";
import { applyResulted } from "./apply/resulted.ts";
import { applyRemarked, applyTouched } from "./apply/touched.ts";
import { applySaveRefused } from "./apply/save-refused.ts";
import { type Draft, openDraft } from "./draft.ts";
import { reconcileAskedPulls } from "./reconcile/asked-pulls.ts";
import { reconcileArchiving } from "./reconcile/archiving.ts";
import { reconcileCarrying } from "./reconcile/carrying.ts";
import { reconcileComments } from "./reconcile/comments.ts";
import { reconcileDeadlines } from "./reconcile/deadlines.ts";
import { reconcileCandidateBranches, reconcileGate } from "./reconcile/gate.ts";
import { reconcileHeads } from "./reconcile/heads.ts";
import { isForgotten, reconcileInbox } from "./reconcile/inbox.ts";
import { reconcileLanding } from "./reconcile/landing.ts";
import { reconcileMerged, reconcileMerging } from "./reconcile/merging.ts";
import { reconcilePulls } from "./reconcile/pulls.ts";
import { reconcileResolving } from "./reconcile/resolving.ts";
import { reconcileRewinds, reconcileStranded } from "./reconcile/rewinds.ts";
import { reconcileScheduling } from "./reconcile/scheduling.ts";
import { reconcileStopping } from "./reconcile/stopping.ts";
import { reconcileTransitions } from "./reconcile/transitions.ts";
import { reconcileWorkflows } from "./reconcile/workflows.ts";

/**
 * What to do, from events, ledger and facts alone: no clock, no randomness, no IO.
 * Events are written down once per id; everything else follows from the ledger, so that what was asked for and not confirmed is asked for again.
 */
export const decide = (events: readonly Event[], snapshot: Snapshot): Decision => {
  const draft = openDraft(snapshot);
  for (const event of events) apply(draft, event);
  // A fact that an event needs comes first: what follows would be decided on half of the events.
  if (draft.needs().length === 0) for (const pass of passes) pass(draft);
  return draft.decision();
};

/** In this order each pass sees what the one before it settled: a landing frees steps, which are then started in the same write. */
const passes: readonly ((draft: Draft) => void)[] = [
  reconcileRewinds,
  reconcileInbox,
  reconcileAskedPulls,
  reconcileHeads,
  reconcileStranded,
  reconcileCarrying,
  reconcileDeadlines,
  reconcileWorkflows,
  reconcileGate,
  reconcileMerged,
  reconcileLanding,
  reconcileMerging,
  reconcileCandidateBranches,
  reconcileTransitions,
  reconcileStopping,
  reconcileResolving,
  reconcileScheduling,
  reconcilePulls,
  reconcileComments,
  reconcileArchiving,
];

const apply = (draft: Draft, event: Event): void => {
  switch (event.kind) {
    case "commanded":
    case "resulted":
      if (draft.ledger().handledEvents[event.id] !== undefined) return;
      if (event.kind === "commanded" && (isForgotten(draft, event) || isIdleQuote(draft, event))) return;
      draft.handle(event.id);
      if (event.kind === "commanded") applyCommanded(draft, event);
      else applyResulted(draft, event);
      return;
    case "performed":
      return applyPerformed(draft, event);
    case "save-refused":
      return applySaveRefused(draft, event);
    case "remarked":
      return applyRemarked(draft, event);
    case "woken":
      if (event.endedJob !== undefined) draft.hint(event.endedJob);
      if (event.activity) {
        draft.hintPeople(event.activity, event.pull);
        applyTouched(draft, event.activity, event.pull);
      }
      return;
    case "swept":
      draft.hintPeople("kept");
      if (event.sweptUntil > draft.ledger().cursor) draft.setCursor(event.sweptUntil);
  }
};
