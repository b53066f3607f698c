import type { QueryFact, QueryFacts, QueryKind } from "./query.ts";

/** Whether the answer to a query follows from its commit ids, so that the answer never changes. */
const IS_LASTING: Readonly<Record<QueryKind, boolean>> = {
  permission: false,
  reviews: false,
  comment: false,
  pushers: false,
  feedback: false,
  pulls: false,
  "pull-head": false,
  runs: false,
  run: false,
  "result-artifact": false,
  rules: false,
  "merge-methods": false,
  "queue-entry": false,
  checks: false,
  backlog: false,
  brief: false,
  archived: false,
  "workflow-files": true,
  work: true,
  "rebase-commits": true,
  "newest-base": true,
  "merge-chain": true,
  conflicts: true,
  resolution: true,
  "result-files": true,
  tampering: true,
  trial: true,
  history: true,
  "landed-archive": true,
  "merge-of": true,
  reattach: true,
  revert: true,
  "landing-revert": true,
  contains: true,
};

/** The facts that stay true after a save. GitHub's answers go stale. */
export const keepLastingFacts = (facts: QueryFacts): Map<string, QueryFact> =>
  new Map([...facts].filter(([, { kind }]) => IS_LASTING[kind]));
