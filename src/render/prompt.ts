import { authorText } from "./author-text.ts";
import { code, oneLine } from "./escape.ts";
import type { PromptInput } from "./prompt-input.ts";
import { briefPart, dataBlock, failurePart, mailPart, reading, reportsPart } from "./prompt-parts.ts";
import { revisionPart } from "./revision-prompt.ts";
import { stepPrompt } from "./step-prompt.ts";
import { workflowPrompt } from "./workflow-prompt.ts";

/** The one message that an agent gets. */
export const renderPrompt = (input: PromptInput): string =>
  `${partsOf(input)
    .filter((part) => part !== "")
    .join("\n\n")}\n`;

const partsOf = (input: PromptInput): string[] => {
  if (input.kind === "plan") return planPrompt(input);
  return input.kind === "work" && input.workflow !== null ? workflowPrompt(input) : stepPrompt(input);
};

const PLANNER = "You are Enki's planner. You turn a request into a small graph of steps; you change nothing yourself.";

const planPrompt = (input: PromptInput): string[] => {
  const parts = [
    `## The request\n\n${dataBlock(input, { name: "request", text: input.request })}`,
    briefPart(input),
    existing(input),
    revisionPart(input),
    reportsPart(input),
    mailPart(input),
    failurePart(input),
  ];
  const rules = input.adding === null ? planRules(input) : addingRules(input);
  return [input.role === null ? PLANNER : authorText(input.role), reading(input, parts), ...parts, rules, roleList(input)];
};

const planRules = ({ maxSteps, verify }: PromptInput): string =>
  [
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
    ...(verify.length === 0 ? [] : [`- Each step is verified by ${verify.map((command) => code(command)).join(", ")} before it lands.`]),
    "- Nothing runs before a person has approved the plan.",
    "- You cannot talk to anybody while you work. Only if the plan depends on something that neither the code nor the request answers, send one `request` to `user` (`enki_mail_send`) with all of your questions as numbered options and your recommendation, and end. You are restarted with the answer.",
  ].join("\n");

/** What is to be added, and to what. */
const existing = (input: PromptInput): string =>
  input.adding === null
    ? ""
    : [
        "## What exists",
        "A plan for this request was approved and is being carried out; its steps stay as they are:",
        input.plan.map(({ id, title, state }) => `- ${code(id)}: ${oneLine(title)} (${oneLine(state).replace("_", " ")})`).join("\n"),
        "## What to add",
        dataBlock(input, { name: "request", text: input.adding }),
      ].join("\n\n");

const addingRules = (input: PromptInput): string =>
  [
    planRules(input).replace(
      "Then call the tool `enki_execution_create` exactly once, with the whole graph.",
      "Then call the tool `enki_execution_add_steps` exactly once, with the new steps only.",
    ),
    "- New ids must differ from existing ones. `needs` may name existing and new steps; existing steps cannot need new ones.",
  ].join("\n");

const roleList = ({ roles }: PromptInput): string => {
  if (roles.length === 0) return "";
  const lines = roles
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((role) => {
      const rights = role.canEdit ? "" : " (read-only)";
      const leaves = role.output === "artifact" ? " → leaves a report" : " → changes files";
      return `- ${code(role.name)}: ${oneLine(role.description, 300)}${rights}${leaves}`;
    });
  return ["## Roles for steps", "", ...lines].join("\n");
};
