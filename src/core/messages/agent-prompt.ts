import { closeAuthorText } from "./author-text.ts";
import { toInlineCode, toOneLine } from "./escape.ts";
import type { PromptInput } from "./prompt-input.ts";
import {
  renderBriefPart,
  fenceData,
  listPlanLimits,
  listProtectedFiles,
  renderFailurePart,
  renderMailPart,
  renderOwnLimits,
  renderDataNotice,
  renderReportsPart,
} from "./prompt-parts.ts";
import { renderRevisionPart } from "./revision-prompt.ts";
import { renderStepPrompt } from "./step-prompt.ts";
import { renderWorkflowPrompt } from "./workflow-prompt.ts";

/** The only message that an agent receives. */
export const renderPrompt = (input: PromptInput): string =>
  `${renderPromptParts(input)
    .filter((part) => part !== "")
    .join("\n\n")}\n`;

const renderPromptParts = (input: PromptInput): string[] => {
  if (input.kind === "plan") return renderPlanPrompt(input);
  return input.kind === "work" && input.workflow !== null ? renderWorkflowPrompt(input) : renderStepPrompt(input);
};

const PLANNER_PERSONA = "You are Enki's planner. You turn a request into a small graph of steps; you change nothing yourself.";

const renderPlanPrompt = (input: PromptInput): string[] => {
  const parts = [
    `## The request\n\n${fenceData(input, { name: "request", text: input.request })}`,
    renderBriefPart(input),
    renderExistingPlan(input),
    renderRevisionPart(input),
    renderReportsPart(input),
    renderMailPart(input),
    renderFailurePart(input),
  ];
  const rules = input.amendment === null ? renderPlanRules(input) : renderAmendmentRules(input);
  return [
    input.role === null ? PLANNER_PERSONA : closeAuthorText(input.role),
    renderDataNotice(input, parts),
    ...parts,
    rules,
    renderRoleList(input),
  ];
};

const renderPlanRules = (input: PromptInput): string => {
  const { maxSteps, verify, protectedPaths } = input;
  return [
    "## What to do",
    "",
    "Read the code in the working directory until you know what has to change. Then call the tool `enki_execution_create` exactly once, with the whole graph. If it returns a refusal, correct the plan and call it again. A plan written only in a message does not count.",
    "",
    `- At most ${maxSteps} steps; as few as the work needs. Each step that changes files becomes one pull request and must pass the repository's checks on its own.`,
    "- A worker sees its own step's description, the request, the brief (the issue or pull request and its comments), the outputs of the steps that it needs, and the reports of this execution. Put the files, the decisions and the acceptance criteria in the description.",
    "- `needs` orders steps. Steps that do not need each other run side by side, so let them change different files.",
    "- `tier`: `light` for renames, stubs, research, documents; `standard` (the default) for features, fixes, tests; `heavy` for architecture, ambiguity, hard debugging.",
    "- `checkpoint: true` if a person should review the step before others build on it.",
    "- `optional: true` if finding nothing to do is fine, such as for a changelog that may not exist. Without it, a step that finds nothing to do blocks the steps that need it until a person confirms.",
    ...listPlanLimits(input),
    `- ${renderOwnLimits(input)}`,
    ...(verify.length === 0
      ? []
      : [`- Each step is verified by ${verify.map((command) => toInlineCode(command)).join(", ")} before it lands.`]),
    ...(protectedPaths.length === 0
      ? []
      : [
          `- Steps cannot change protected files: ${listProtectedFiles(input)}; and lock files without their manifest. Plan no step for them. If the request needs such a change, leave it out and say in a step's description what a person has to change.`,
        ]),
    "- Nothing runs before a person has approved the plan.",
    "- You cannot ask anyone while you work. Only if the plan depends on something that neither the code nor the request answers, send one `request` to `user` (`enki_mail_send`) with all of your questions as numbered options and your recommendation, and end. Enki restarts you with the answer.",
  ].join("\n");
};

const renderExistingPlan = (input: PromptInput): string =>
  input.amendment === null
    ? ""
    : [
        "## What exists",
        "A plan for this request was approved and is being carried out; its steps stay as they are:",
        input.plan.map(({ id, title, state }) => `- ${toInlineCode(id)}: ${toOneLine(title)} (${toOneLine(state)})`).join("\n"),
        "## What to add",
        fenceData(input, { name: "request", text: input.amendment }),
      ].join("\n\n");

const renderAmendmentRules = (input: PromptInput): string =>
  [
    renderPlanRules(input).replace(
      "Then call the tool `enki_execution_create` exactly once, with the whole graph.",
      "Then call the tool `enki_execution_add_steps` exactly once, with the new steps only.",
    ),
    "- New ids must differ from existing ones. `needs` may name existing and new steps; existing steps cannot need new ones.",
  ].join("\n");

const renderRoleList = ({ roles }: PromptInput): string => {
  if (roles.length === 0) return "";
  const lines = roles
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((role) => {
      const rights = role.canEdit ? "" : " (read-only)";
      const leaves = role.output === "artifact" ? " → leaves a report" : " → changes files";
      return `- ${toInlineCode(role.name)}: ${toOneLine(role.description, 300)}${rights}${leaves}`;
    });
  return ["## Roles for steps", "", ...lines].join("\n");
};
