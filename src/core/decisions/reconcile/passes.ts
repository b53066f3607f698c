import { reconcileProposals } from "../apply/agent-command.ts";
import { reconcileUsage } from "../apply/hourly-limits.ts";
import { reconcileArchiving } from "./archiving.ts";
import { reconcileRequestPulls } from "./request-pulls.ts";
import { reconcileBrokenLines } from "./broken-lines.ts";
import { reconcileCandidateBranches, reconcileRequiredChecks } from "./check-gates.ts";
import { reconcileComments } from "./comments.ts";
import { reconcileConflicts } from "./conflicts.ts";
import { reconcileDeadlines } from "./deadlines.ts";
import { reconcileConfirmedMerges, reconcileRequestedMerges } from "./github-merges.ts";
import { reconcileEstimates } from "./estimates.ts";
import { reconcileHeads } from "./heads.ts";
import { reconcileInbox } from "./inbox.ts";
import { reconcileLanding } from "./landing.ts";
import { reconcileNotices } from "./notices.ts";
import { reconcilePulls } from "./pulls.ts";
import { reconcilePullRefs } from "./queued-pulls.ts";
import { reconcileReverts } from "./reverts.ts";
import { reconcileRewinds, reconcileStrandedWork } from "./rebase-after-rewind.ts";
import { reconcileStaleWork } from "./rebase-stale-work.ts";
import { reconcileScheduling } from "./scheduling.ts";
import { reconcileShownPlans } from "./shown-plans.ts";
import { reconcileAbandonedRuns } from "./abandoned-runs.ts";
import { reconcileTampering } from "./tampering.ts";
import { reconcileTransitions } from "./transitions.ts";
import { reconcileTrials } from "./trials.ts";
import { reconcileWorkflows } from "./workflows.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";

/** A rule to derive ref moves, effects and new states from the ledger. */
export type ReconcilePass = {
  readonly run: (tx: DecisionTransaction) => void;
  /** The passes whose changes this pass must see. */
  readonly after: readonly string[];
};

const PASSES: Readonly<Record<string, ReconcilePass>> = {
  /** First of all: nothing may be decided about a base that lost commits. */
  rewinds: { run: reconcileRewinds, after: [] },
  inbox: { run: reconcileInbox, after: ["rewinds"] },
  requestPulls: { run: reconcileRequestPulls, after: ["rewinds"] },
  heads: { run: reconcileHeads, after: ["requestPulls"] },
  strandedWork: { run: reconcileStrandedWork, after: ["heads"] },
  brokenLines: { run: reconcileBrokenLines, after: ["heads"] },
  /** Heads that were just undone or replaced make other work stale. */
  staleWork: { run: reconcileStaleWork, after: ["brokenLines", "strandedWork"] },
  deadlines: { run: reconcileDeadlines, after: ["requestPulls"] },
  /** An attempt that just failed is a result. */
  workflows: { run: reconcileWorkflows, after: ["heads", "deadlines"] },
  requiredChecks: { run: reconcileRequiredChecks, after: ["deadlines"] },
  confirmedMerges: { run: reconcileConfirmedMerges, after: ["heads"] },
  /** A head is judged before its landing, and before other steps build on the head. */
  tampering: { run: reconcileTampering, after: ["staleWork", "workflows"] },
  landing: { run: reconcileLanding, after: ["tampering", "requiredChecks", "confirmedMerges"] },
  /** Candidates take their slots before trials do. */
  trials: { run: reconcileTrials, after: ["landing", "transitions"] },
  requestedMerges: { run: reconcileRequestedMerges, after: ["landing"] },
  candidateBranches: { run: reconcileCandidateBranches, after: ["landing"] },
  /** A landing releases steps, which then start in the same write. */
  transitions: { run: reconcileTransitions, after: ["landing"] },
  abandonedRuns: { run: reconcileAbandonedRuns, after: ["transitions"] },
  /** A resolution is deleted after its run is stopped. */
  conflicts: { run: reconcileConflicts, after: ["abandonedRuns"] },
  reverts: { run: reconcileReverts, after: ["transitions"] },
  scheduling: { run: reconcileScheduling, after: ["conflicts"] },
  pulls: { run: reconcilePulls, after: ["reverts", "trials"] },
  proposals: { run: reconcileProposals, after: ["transitions"] },
  usage: { run: reconcileUsage, after: ["rewinds"] },
  shownPlans: { run: reconcileShownPlans, after: ["transitions"] },
  /** Steps change their states before the estimates, so that the same write has both. */
  estimates: { run: reconcileEstimates, after: ["scheduling", "reverts", "pulls", "proposals"] },
  /** Comments show the decisions of the other passes. */
  comments: {
    run: reconcileComments,
    after: ["requestedMerges", "candidateBranches", "scheduling", "pulls", "estimates", "shownPlans", "trials"],
  },
  pullRefs: { run: reconcilePullRefs, after: ["transitions"] },
  notices: { run: reconcileNotices, after: ["comments"] },
  archiving: { run: reconcileArchiving, after: ["inbox", "usage", "notices", "pullRefs"] },
};

/**
 * Orders passes so that each runs after the passes in its `after`. Of the passes free to run next, the lowest rank runs first. Throws if a
 * pass is unknown or the passes wait for each other: a bug in the table.
 */
export const orderPasses = (
  passes: Readonly<Record<string, ReconcilePass>> = PASSES,
  rank: (name: string) => number = (name) => Object.keys(passes).indexOf(name),
): readonly ReconcilePass[] => {
  const waiting = new Map(Object.entries(passes));
  const ordered: ReconcilePass[] = [];
  while (waiting.size > 0) {
    const [next] = [...waiting.keys()]
      .filter((name) => waiting.get(name)?.after.every((other) => other in passes && !waiting.has(other)))
      .sort((a, b) => rank(a) - rank(b));
    const pass = next === undefined ? undefined : waiting.get(next);
    if (next === undefined || !pass) throw new Error(`these passes wait for each other: ${[...waiting.keys()].join(", ")}`);
    ordered.push(pass);
    waiting.delete(next);
  }
  return ordered;
};

export const RECONCILE_PASSES = orderPasses();
