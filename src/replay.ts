import { decide } from "./decisions/decide.ts";
import type { Inputs } from "./handle.ts";
import type { Event } from "./model/event.ts";
import type { Ledger } from "./model/ledger.ts";
import type { Facts } from "./model/query.ts";

/** What a result of an earlier version lacks. */
const lacking = { outcome: null, answer: "", replies: [] };

const upgrade = (event: Event): Event => (event.kind === "resulted" ? { ...event, result: { ...lacking, ...event.result } } : event);

/** The ledger that a write's inputs lead to; null when a fact is missing. */
export const decideAgain = (ledger: Ledger, inputs: unknown): Ledger | null => {
  // Written by the save that stored them.
  const { events, snapshot } = inputs as Inputs;
  const { facts, ...frame } = snapshot;
  const decision = decide(events.map(upgrade), { ...frame, ledger, facts: new Map(facts) as Facts });
  return decision.kind === "act" ? decision.ledger : null;
};
