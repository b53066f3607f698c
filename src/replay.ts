import { decide } from "./decisions/decide.ts";
import type { Inputs } from "./handle.ts";
import type { Ledger } from "./model/ledger.ts";
import type { Facts } from "./model/query.ts";

/** The ledger that a write's inputs lead to; null when a fact is missing. */
export const decideAgain = (ledger: Ledger, inputs: unknown): Ledger | null => {
  // Written by the save that stored them.
  const { events, snapshot } = inputs as Inputs;
  const { facts, ...frame } = snapshot;
  const decision = decide(events, { ...frame, ledger, facts: new Map(facts) as Facts });
  return decision.kind === "act" ? decision.ledger : null;
};
