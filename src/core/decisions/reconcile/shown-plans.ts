import type { Execution } from "../../domain/execution.ts";
import type { Hash } from "../../domain/ids.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import { checkTexts } from "../../domain/plan-graph.ts";
import { composeTextCommit } from "../../domain/text-commit.ts";
import { listAddedSteps } from "../../messages/amendment.ts";
import { isLongPlan, PLAN_TOO_LONG_REFUSAL, renderPlanPages } from "../../messages/plan-page.ts";
import { failPlanning } from "../apply/plan-result.ts";
import type { ExecutionWriter, RefWriter } from "../decision-transaction.ts";

/**
 * Stores pages for every proposed plan without room in its comment, in the same save as the proposal, and refuses plans with hidden
 * texts from every source. Refusals: `plan-too-long`, and the refusals of the texts.
 */
export const reconcileShownPlans = (tx: ExecutionWriter & RefWriter): void => {
  for (const execution of tx.executions()) {
    const hash = findProposedPlan(execution);
    if (hash !== null && execution.shownPlan?.plan !== hash) showProposal(tx, execution, hash);
  }
};

/** The plan of an open proposal; null without a proposal. */
const findProposedPlan = ({ state, plan, amendment }: Execution): Hash | null => {
  if (state === "proposed") return plan;
  return amendment?.state === "proposed" ? amendment.plan : null;
};

const showProposal = (tx: ExecutionWriter & RefWriter, execution: Execution, hash: Hash): void => {
  const approved = execution.state === "proposed" ? [] : (tx.plan(execution.plan)?.steps ?? []);
  const plan = tx.plan(hash);
  const added = execution.state === "proposed" ? (plan?.steps ?? []) : listAddedSteps({ plan: { steps: approved }, grown: plan });
  const checked = checkTexts(added);
  if (!checked.ok) return failPlanning(tx, execution, { ...checked.refusal, next: `/enki retry ${execution.id}` });
  if (!isLongPlan(added)) return tx.putExecution({ ...execution, shownPlan: { plan: hash, page: null } });
  const page = storePages(tx, execution, { hash, added, approved });
  if (page) return tx.putExecution({ ...execution, shownPlan: { plan: hash, page } });
  failPlanning(tx, execution, { ...PLAN_TOO_LONG_REFUSAL, next: `/enki retry ${execution.id}` });
};

type NewPages = { readonly hash: Hash; readonly added: readonly PlannedStep[]; readonly approved: readonly PlannedStep[] };

const storePages = (
  tx: RefWriter,
  { id, createdAt }: Execution,
  { hash, added, approved }: NewPages,
): { commit: string; count: number } | null => {
  const pages = renderPlanPages({ execution: id, hash, added, approved });
  if (!pages) return null;
  const commit = composeTextCommit(pages, `Plan ${hash.slice(0, 12)} of ${id}`, createdAt);
  tx.retainTexts(commit);
  return { commit: commit.id, count: Object.keys(pages).length };
};
