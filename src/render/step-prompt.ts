import { authorText } from "./author-text.ts";
import { conflictPrompt } from "./conflict-prompt.ts";
import { code, oneLine } from "./escape.ts";
import { feedbackSection } from "./feedback.ts";
import type { PromptInput } from "./prompt-input.ts";
import { briefPart, dataBlock, failurePart, judgedPart, mailPart, reading, reportsPart, toolsPart, upstreamPart } from "./prompt-parts.ts";

const WORKER = "You are a focused coding agent working on a single task.";

/** What a worker, or who resolves a conflict, is told: its own task first. */
export const stepPrompt = (input: PromptInput): string[] => {
  const parts = [
    around(input),
    briefPart(input),
    upstreamPart(input),
    reportsPart(input),
    mailPart(input),
    feedbackSection(input.feedback),
    failurePart(input),
  ];
  const end = ending(input);
  return [input.role === null ? WORKER : authorText(input.role), task(input), reading(input, [...parts, ...end]), ...parts, ...end];
};

const task = ({ step }: PromptInput): string => (step === null ? "" : `## TASK: ${oneLine(step.title)}\n\n${authorText(step.task)}`);

const MOST_STEPS = 100;

/** What the step is part of: so that a worker leaves to the other steps what is theirs. */
const around = (input: PromptInput): string => {
  const { request, plan, step } = input;
  const lines = plan
    .slice(0, MOST_STEPS)
    .map(
      (each) =>
        `- ${code(each.id)}: ${oneLine(each.title)} (${each.id === step?.id ? "this step" : oneLine(each.state).replace("_", " ")})`,
    );
  return [
    "## The whole request",
    `This task is one step of this request:\n\n${dataBlock(input, { name: "request", text: request })}`,
    ...(lines.length > 1 ? [["All its steps; do only your own:", "", ...lines].join("\n")] : []),
  ].join("\n\n");
};

const ending = (input: PromptInput): string[] => {
  if (input.conflict) return [conflictPrompt(input.conflict, input.nonce), ["## How to finish", "", HANDED_ON].join("\n")];
  const leave = input.report ? report(input.report) : changes(input);
  return [
    ["## What to deliver", ...leave, judgedPart(input), toolsPart(input), ...asking(input)].filter((part) => part !== "").join("\n\n"),
    ["## How to finish", ...outcome(input), ...(input.report?.path === null ? [] : [HANDED_ON])].join("\n\n"),
  ];
};

const report = ({ path }: NonNullable<PromptInput["report"]>): string[] => [
  path === null
    ? "Your whole last message is your report, in Markdown. Later steps and people read it."
    : `Write your report, in Markdown, to the file ${code(path)} (its path is also in \`$ENKI_ARTIFACT\`), the only file that you may write. Later steps and people read it.`,
  "Do not change the repository's files: changes are discarded.",
];

const changes = ({ canEdit, step }: PromptInput): string[] => [
  canEdit
    ? "Change the files in the working directory: the changes there when you finish are this step's work. Run the project's tests. Do not commit, push, switch branches or open pull requests: you have no permission, and Enki does it."
    : "You may read files and run commands, but not change files: changes are discarded.",
  ...(step && step.paths.length > 0 ? [`Only these paths may change: ${step.paths.map((path) => code(path)).join(", ")}.`] : []),
  ...(step?.checkpoint ? ["A person reviews this step before others build on it: make it easy to review."] : []),
];

const asking = ({ canAsk }: PromptInput): string[] =>
  canAsk
    ? [
        "Report in one line what you are doing when a new phase starts (`enki_worker_report`).",
        "Decide details yourself. Only if the task cannot be done without a person's answer, send one `request` to `user` (`enki_mail_send`) before you change anything, and end. You are restarted with the answer.",
      ]
    : [];

/** How an agent states what its work came to. */
const outcome = ({ canAsk, canEdit, report: leaves }: PromptInput): string[] => {
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

const HANDED_ON = [
  "Your last message ends with two to five sentences for the steps that need this one: what you did or found, where, and what they should know. Put them between these two lines:",
  "",
  "[OUTPUT]",
  "…",
  "[/OUTPUT]",
].join("\n");
