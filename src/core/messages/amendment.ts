import type { Execution } from "../domain/execution.ts";
import type { Plan, PlannedStep } from "../domain/plan.ts";
import { toInlineCode, quoteText, escapeSentence } from "./escape.ts";
import { renderStepTable } from "./step-table.ts";

/** What a grown plan has beside the steps of the one that runs. */
export const listAddedSteps = ({ plan, grown }: { readonly plan: Plan | null; readonly grown: Plan | null }): readonly PlannedStep[] => {
  if (!grown) return [];
  const known = new Set(plan?.steps.map(({ id }) => id));
  return grown.steps.filter(({ id }) => !known.has(id));
};

/** What is to be added to an execution, and the command that adds it; empty where nothing is. */
export const renderAmendment = ({ amendment }: Execution, added: readonly PlannedStep[]): string => {
  if (!amendment) return "";
  const asked = quoteText(amendment.request, { limit: 1_000, keep: "start" });
  switch (amendment.state) {
    case "planning":
      return ["#### More steps are being planned", asked].join("\n\n");
    case "proposed":
      return [
        "#### More steps, for your approval",
        asked,
        renderStepTable(added, {}),
        "The steps that are there stay as they are, and go on. To add exactly these, comment:",
        `\`\`\`\n/enki approve ${(amendment.plan ?? "").slice(0, 12)}\n\`\`\``,
        `Not what you meant? Change them with ${toInlineCode("/enki revise <what to change>")}, replace them with ${toInlineCode("/enki add <request>")}, or drop them with ${toInlineCode(`/enki cancel ${(amendment.plan ?? "").slice(0, 12)}`)}.`,
      ]
        .filter((part) => part !== "")
        .join("\n\n");
    case "refused":
      return ["#### No steps were added", asked, escapeSentence(amendment.refusal?.message ?? "", 1_000)].join("\n\n");
  }
};
