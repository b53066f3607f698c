import { decide } from "../core/decisions/decide.ts";
import type { DecisionInputs } from "./repository-loop.ts";
import type { Event } from "../core/domain/event.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { QueryFacts } from "../core/domain/query.ts";

/** Fields that results of earlier versions lack. */
const RESULT_DEFAULTS = { outcome: null, answer: "", replies: [] };

const upgradeResultEvent = (event: Event): Event =>
  event.kind === "resulted" ? { ...event, result: { ...RESULT_DEFAULTS, ...event.result } } : event;

/** Decides a write again from its inputs; null if a fact is missing. */
export const replayDecision = (ledger: Ledger, inputs: unknown): Ledger | null => {
  // Trusted without validation: the save stored these inputs.
  const { events, snapshot } = inputs as DecisionInputs;
  const { facts, ...frame } = snapshot;
  const decision = decide(events.map(upgradeResultEvent), { ...frame, ledger, facts: new Map(facts) as QueryFacts });
  return decision.kind === "act" ? decision.ledger : null;
};
