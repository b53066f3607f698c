import type { Execution } from "../model/execution.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import { code, quoted, sentence } from "./escape.ts";
import { stepTable } from "./step-table.ts";

/** What a grown plan has beside the steps of the one that runs. */
export const addedSteps = ({ plan, grown }: { readonly plan: Plan | null; readonly grown: Plan | null }): readonly PlannedStep[] => {
  if (!grown) return [];
  const known = new Set(plan?.steps.map(({ id }) => id));
  return grown.steps.filter(({ id }) => !known.has(id));
};

/** What is to be added to an execution, and the command that adds it; empty where nothing is. */
export const addition = ({ adding }: Execution, added: readonly PlannedStep[]): string => {
  if (!adding) return "";
  const asked = quoted(adding.request, { limit: 1_000, keep: "start" });
  switch (adding.state) {
    case "planning":
      return ["#### More steps are being planned", asked].join("\n\n");
    case "proposed":
      return [
        "#### More steps, for your approval",
        asked,
        stepTable(added, {}),
        "The steps that are there stay as they are, and go on. To add exactly these, comment:",
        `\`\`\`\n/enki approve ${(adding.plan ?? "").slice(0, 12)}\n\`\`\``,
        `Not what you meant? Change them with ${code("/enki revise <what to change>")}, replace them with ${code("/enki add <request>")}, or drop them with ${code(`/enki cancel ${(adding.plan ?? "").slice(0, 12)}`)}.`,
      ]
        .filter((part) => part !== "")
        .join("\n\n");
    case "refused":
      return ["#### No steps were added", asked, sentence(adding.why?.why ?? "", 1_000)].join("\n\n");
  }
};
