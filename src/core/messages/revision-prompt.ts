import type { PlannedStep } from "../domain/plan.ts";
import type { PromptInput } from "./prompt-input.ts";
import { fenceData } from "./prompt-parts.ts";

const MAX_PLAN_CHARS = 100_000;

/** The proposed plan, in the form of the planner's tool, and the requested change. Empty without a revision. */
export const renderRevisionPart = (input: PromptInput): string => {
  if (!input.revision) return "";
  const { text, earlierRequests, steps } = input.revision;
  const remark = (text: string): string => fenceData(input, { name: "remark", text });
  const plan = JSON.stringify({ steps: steps.map((step) => toProposedStep(step)) }, null, 1);
  return [
    "## The current plan",
    "You proposed this plan. None of it has run:",
    fenceData(input, { name: "plan", text: plan, limit: MAX_PLAN_CHARS }),
    ...(earlierRequests.length === 0
      ? []
      : ["It already includes these changes, which a person requested earlier:", ...earlierRequests.map((each) => remark(each))]),
    "## What to change",
    "A person asked for this change:",
    remark(text),
    "Start from the current plan. Keep the ids and the wording of everything that the remark does not affect, and propose the whole plan again.",
  ].join("\n\n");
};

/** A step as the tool accepts it, without default values. */
const toProposedStep = ({
  id,
  title,
  description,
  tier,
  needs,
  role,
  checkpoint,
  paths,
  verify,
  run,
}: PlannedStep): Record<string, unknown> => ({
  id,
  title,
  description,
  tier,
  ...(needs.length > 0 && { needs }),
  ...(role !== null && { role }),
  ...(checkpoint && { checkpoint }),
  ...(paths.length > 0 && { paths }),
  ...(verify.length > 0 && { verify }),
  ...(run !== null && { run }),
});
