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
    "## What it is part of",
    `The request, of which this task is one step:\n\n${dataBlock(input, { name: "request", text: request })}`,
    ...(lines.length > 1 ? [["Its steps; leave to the others what is theirs:", "", ...lines].join("\n")] : []),
  ].join("\n\n");
};

const ending = (input: PromptInput): string[] => {
  if (input.conflict) return [...conflictPrompt(input.conflict, input.nonce), ["## How to end", "", HANDED_ON].join("\n")];
  const leave = input.report ? report(input.report) : changes(input);
  return [
    ["## What to leave", ...leave, judgedPart(input), toolsPart(input), ...asking(input)].filter((part) => part !== "").join("\n\n"),
    ["## How to end", ...outcome(input), ...(input.report?.path === null ? [] : [HANDED_ON])].join("\n\n"),
  ];
};

const report = ({ path }: NonNullable<PromptInput["report"]>): string[] => [
  path === null
    ? "Your last message is your report, in Markdown: all of it. The steps after yours, and people, read it."
    : `Write your report, in Markdown, to the file ${code(path)} (its path is also in \`$ENKI_ARTIFACT\`): the one file that you may write. The steps after yours, and people, read it.`,
  "Do not change the repository's files: changes are thrown away.",
];

const changes = ({ canEdit, step }: PromptInput): string[] => [
  canEdit
    ? "Change the files in the working directory: what is changed there when you end is this step's work. Run the project's tests. Do not commit, push, switch branches or open anything: you have no right to, and Enki does it."
    : "You may read and run, but not change files: changes are thrown away.",
  ...(step && step.paths.length > 0 ? [`Only these paths may change: ${step.paths.map((path) => code(path)).join(", ")}.`] : []),
  ...(step?.checkpoint ? ["A person looks at this step before others build on it: make it easy to judge."] : []),
];

const asking = ({ canAsk }: PromptInput): string[] =>
  canAsk
    ? [
        "Say in one line what you are doing when a new phase begins (`enki_worker_report`).",
        "Decide details yourself. Only where the task cannot be done without a person's answer: before you change anything, send one `request` to `user` (`enki_mail_send`), and end. You are started again with the answer.",
      ]
    : [];

/** How an agent states what its work came to. */
const outcome = ({ canAsk, canEdit, report: leaves }: PromptInput): string[] => {
  const changing = canEdit && leaves === null;
  const how = canAsk
    ? "Before you end, state what your work came to: call `enki_worker_report` with `outcome`, and with `reason` for anything but `done`."
    : "State what your work came to as two lines in the block below: `status:` and, for anything but `done`, `reason:`.";
  const kinds = [
    `- \`done\`: ${changing ? "the files are changed as the task asks" : "the task is answered"}.`,
    ...(changing ? ["- `nothing-to-do`: no change is needed, and the reason says why. A person reads it."] : []),
    "- `failed`: you could not do it. The reason says exactly what stands in the way. That is worth more than a guess.",
    "- `blocked`: only a person can answer what is open. The reason is the question.",
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
