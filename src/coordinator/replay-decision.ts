import { decide } from "../core/decisions/decide.ts";
import type { DecisionInputs } from "./repository-loop.ts";
import type { Event } from "../core/domain/event.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { type Query, type QueryFact, type QueryFacts, toQueryKey } from "../core/domain/query.ts";

/** Fields missing in results of earlier versions. */
const RESULT_DEFAULTS = { outcome: null, answer: "", replies: [] };

const upgradeResultEvent = (event: Event): Event =>
  event.kind === "resulted" ? { ...event, result: { ...RESULT_DEFAULTS, ...event.result } } : event;

/** Answers the result queries that earlier versions did not make. */
const believeResult = (query: Query): QueryFact | null => {
  if (query.kind === "result-files") return { kind: "result-files", query, answer: null };
  if (query.kind !== "result-artifact") return null;
  return { kind: "result-artifact", query, answer: { id: 0, run: query.run, branch: null, commit: null } };
};

/** Decides a write again from its inputs; null if a fact is missing. */
export const replayDecision = (ledger: Ledger, inputs: unknown): Ledger | null => {
  // Trusted without validation: the save stored the inputs.
  const { events, snapshot } = inputs as DecisionInputs;
  const { facts, ...frame } = snapshot;
  const stored = events.map(upgradeResultEvent);
  const decideFrom = (known: QueryFacts): Ledger | null => {
    const decision = decide(stored, { ...frame, ledger, facts: known });
    if (decision.kind === "act") return decision.ledger;
    const believed = decision.queries.flatMap((query) => believeResult(query) ?? []);
    if (believed.length < decision.queries.length) return null;
    return decideFrom(new Map([...known, ...believed.map((fact) => [toQueryKey(fact.query), fact] as const)]));
  };
  // The facts were stored as entries of their map.
  return decideFrom(new Map(facts) as QueryFacts);
};
