import { closeAuthorText } from "./author-text.ts";
import { renderConflictPrompt } from "./conflict-prompt.ts";
import { toInlineCode, toOneLine } from "./escape.ts";
import { renderFeedbackSection } from "./feedback-section.ts";
import type { PromptInput } from "./prompt-input.ts";
import {
  renderBriefPart,
  fenceData,
  listProtectedFiles,
  renderFailurePart,
  renderInterruptedPart,
  renderVerifyPart,
  renderMailPart,
  renderDataNotice,
  renderReportsPart,
  renderToolsPart,
  renderUpstreamPart,
} from "./prompt-parts.ts";

const WORKER_PERSONA = "You are a focused coding agent working on a single task.";

/** The prompt of a worker or merger, starting with its task. */
export const renderStepPrompt = (input: PromptInput): string[] => {
  const parts = [
    renderRequestPart(input),
    renderBriefPart(input),
    renderUpstreamPart(input),
    renderReportsPart(input),
    renderMailPart(input),
    renderFeedbackSection(input.feedback),
    renderFailurePart(input),
    renderInterruptedPart(input),
  ];
  const end = renderEndingParts(input);
  return [
    input.role === null ? WORKER_PERSONA : closeAuthorText(input.role),
    renderTaskPart(input),
    renderDataNotice(input, [...parts, ...end]),
    ...parts,
    ...end,
  ];
};

const renderTaskPart = ({ step }: PromptInput): string =>
  step === null ? "" : `## TASK: ${toOneLine(step.title)}\n\n${closeAuthorText(step.task)}`;

const MAX_PLAN_STEPS_SHOWN = 100;

/** Shows the whole plan, so that a worker leaves other steps' work to them. */
const renderRequestPart = (input: PromptInput): string => {
  const { request, plan, step } = input;
  const lines = plan
    .slice(0, MAX_PLAN_STEPS_SHOWN)
    .map(
      (each) =>
        `- ${toInlineCode(each.id)}: ${toOneLine(each.title)} (${each.id === step?.id ? "this step" : toOneLine(each.state).replace("_", " ")})`,
    );
  return [
    "## The whole request",
    `This task is one step of this request:\n\n${fenceData(input, { name: "request", text: request })}`,
    ...(lines.length > 1 ? [["All its steps; do only your own:", "", ...lines].join("\n")] : []),
  ].join("\n\n");
};

const renderEndingParts = (input: PromptInput): string[] => {
  if (input.conflict) return [renderConflictPrompt(input.conflict, input.nonce), ["## How to finish", "", OUTPUT_INSTRUCTIONS].join("\n")];
  const leave = input.report ? renderReportRules(input.report) : renderChangeRules(input);
  return [
    ["## What to deliver", ...leave, renderVerifyPart(input), renderToolsPart(input), ...renderQuestionRules(input)]
      .filter((part) => part !== "")
      .join("\n\n"),
    ["## How to finish", ...renderOutcomeRules(input), ...(input.report?.path === null ? [] : [OUTPUT_INSTRUCTIONS])].join("\n\n"),
  ];
};

const renderReportRules = ({ path }: NonNullable<PromptInput["report"]>): string[] => [
  path === null
    ? "Your whole last message is your report, in Markdown. Later steps and people read it."
    : `Write your report, in Markdown, to the file ${toInlineCode(path)} (its path is also in \`$ENKI_ARTIFACT\`), the only file that you may write. Later steps and people read it.`,
  "Do not change the repository's files: changes are discarded.",
];

const renderChangeRules = (input: PromptInput): string[] => {
  const { canEdit, step } = input;
  return [
    canEdit
      ? "Edit the files in the working directory. The changes you leave there are this step's result. Run the project's tests. Do not commit, push, switch branches or open pull requests: you do not have permission, and Enki publishes your changes."
      : "You may read files and run commands, but not change files: changes are discarded.",
    ...(step && step.paths.length > 0 ? [`Only these paths may change: ${step.paths.map((path) => toInlineCode(path)).join(", ")}.`] : []),
    ...(canEdit && input.workflow === null && input.protectedPaths.length > 0
      ? [
          `Do not change protected files, or lock files without their manifest: Enki would refuse all of your changes. They are: ${listProtectedFiles(input)}.`,
        ]
      : []),
    ...(step?.checkpoint ? ["A person reviews this step before others build on it: make it easy to review."] : []),
  ];
};

const renderQuestionRules = ({ canAsk }: PromptInput): string[] =>
  canAsk
    ? [
        "Report in one line what you are doing when a new phase starts (`enki_worker_report`).",
        "Decide details yourself. Only if the task cannot be done without a person's answer, send one `request` to `user` (`enki_mail_send`) before you change anything, and end. Enki restarts you with the answer.",
      ]
    : [];

/** Rules for reporting the outcome. */
const renderOutcomeRules = ({ canAsk, canEdit, report: leaves }: PromptInput): string[] => {
  const changing = canEdit && leaves === null;
  const how = canAsk
    ? "Before you finish, report the outcome: call `enki_worker_report` with `outcome`, and with `reason` for anything but `done`."
    : "Report the outcome as two lines in the block below: `status:` and, for anything but `done`, `reason:`.";
  const kinds = [
    `- \`done\`: ${changing ? "the files are changed as the task asks" : "the task is answered"}.`,
    ...(changing ? ["- `nothing-to-do`: no change is needed, and the reason says why. A person reads it."] : []),
    "- `failed`: you could not do it. The reason says exactly what prevented it. That is worth more than a guess.",
    "- `blocked`: you need an answer that only a person can give. The reason is the question.",
  ];
  const rule = changing ? ["A step that changes nothing and does not say why counts as failed."] : [];
  return [how, kinds.join("\n"), ...rule];
};

const OUTPUT_INSTRUCTIONS = [
  "Your last message ends with two to five sentences for the steps that need this one: what you did or found, where, and what they should know. Put them between these two lines:",
  "",
  "[OUTPUT]",
  "…",
  "[/OUTPUT]",
].join("\n");
