import type { Execution } from "../domain/execution.ts";
import type { Hash } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { isLongPlan } from "./plan-page.ts";
import { linkPlanPage } from "./step-details.ts";

type ApprovableSteps = { readonly steps: readonly PlannedStep[]; readonly plan: Hash | null; readonly request: string };

/** The approval command for steps: under the link to the plan pages if the comment has no room, and omitted without pages. */
export const renderPlanApproval = (execution: Execution, { steps, plan, request }: ApprovableSteps): string => {
  const line = `\`\`\`\n/enki approve ${(plan ?? "").slice(0, 12)}\n\`\`\``;
  if (!isLongPlan(steps)) return `${request}\n\n${line}`;
  const link = linkPlanPage(execution, plan);
  if (link === null) return "This plan is too long to be shown, so it cannot be approved here. Split the request instead.";
  return `**This plan is too long for a comment.** Read all of it before you approve: ${link}\n\n${request}\n\n${line}`;
};
