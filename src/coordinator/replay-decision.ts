import { decide } from "../core/decisions/decide.ts";
import type { DecisionInputs } from "./repository-loop.ts";
import type { Event } from "../core/domain/event.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { QueryFacts } from "../core/domain/query.ts";

/** What a result of an earlier version lacks. */
const RESULT_DEFAULTS = { outcome: null, answer: "", replies: [] };

const upgradeResultEvent = (event: Event): Event =>
  event.kind === "resulted" ? { ...event, result: { ...RESULT_DEFAULTS, ...event.result } } : event;

/** The ledger that a write's inputs lead to; null when a fact is missing. */
export const replayDecision = (ledger: Ledger, inputs: unknown): Ledger | null => {
  // Written by the save that stored them.
  const { events, snapshot } = inputs as DecisionInputs;
  const { facts, ...frame } = snapshot;
  const decision = decide(events.map(upgradeResultEvent), { ...frame, ledger, facts: new Map(facts) as QueryFacts });
  return decision.kind === "act" ? decision.ledger : null;
};
