import type { Execution } from "../domain/execution.ts";
import type { Plan, PlannedStep } from "../domain/plan.ts";
import { toInlineCode, quoteWithin, escapeSentence } from "./escape.ts";
import { renderPlanApproval } from "./plan-approval.ts";
import { renderInstructions } from "./step-details.ts";
import { renderStepTable } from "./step-table.ts";

/** The steps of the amended plan that the present plan lacks. */
export const listAddedSteps = ({ plan, grown }: { readonly plan: Plan | null; readonly grown: Plan | null }): readonly PlannedStep[] => {
  if (!grown) return [];
  const known = new Set(plan?.steps.map(({ id }) => id));
  return grown.steps.filter(({ id }) => !known.has(id));
};

/** Empty without an amendment. */
export const renderAmendment = (execution: Execution, added: readonly PlannedStep[]): string => {
  const { amendment } = execution;
  if (!amendment) return "";
  const request = quoteWithin(amendment.request, { limit: 1_000, keep: "start" }, 4_000);
  switch (amendment.state) {
    case "planning":
      return ["#### More steps are being planned", request].join("\n\n");
    case "proposed":
      return [
        "#### More steps, for your approval",
        request,
        renderStepTable(added, {}),
        renderInstructions(execution, { steps: added, plan: amendment.plan, unfolded: true }),
        renderPlanApproval(execution, {
          steps: added,
          plan: amendment.plan,
          request: "Existing steps continue unchanged. To add exactly these steps, comment:",
        }),
        `Not what you meant? Change them with ${toInlineCode("/enki revise <what to change>")}, replace them with ${toInlineCode("/enki add <request>")}, or drop them with ${toInlineCode(`/enki cancel ${(amendment.plan ?? "").slice(0, 12)}`)}.`,
      ]
        .filter((part) => part !== "")
        .join("\n\n");
    case "refused":
      return ["#### No steps were added", request, escapeSentence(amendment.refusal?.message ?? "", 1_000)].join("\n\n");
  }
};
