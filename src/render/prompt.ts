import { cut, fenced } from "./escape.ts";

/** All that a prompt is made of. Texts of people, plans and other agents are data: they are quoted, never spoken in Enki's voice. */
export type PromptInput = {
  readonly kind: "plan" | "work" | "resolve";
  readonly request: string;
  /** The role's own instructions; null for a worker without a persona. */
  readonly role: string | null;
  readonly step: {
    readonly id: string;
    readonly title: string;
    readonly task: string;
    readonly checkpoint: boolean;
    /** Globs that the step may change; empty for all. */
    readonly paths: readonly string[];
  } | null;
  readonly upstream: readonly { readonly title: string; readonly output: string }[];
  readonly artifacts: readonly { readonly step: string; readonly text: string }[];
  readonly lastFailure: string | null;
  readonly canEdit: boolean;
  /** Where the step's report goes; null for a step that changes files. */
  readonly artifactPath: string | null;
  readonly roles: readonly {
    readonly name: string;
    readonly description: string;
    readonly canEdit: boolean;
    readonly output: "branch" | "artifact";
  }[];
  readonly maxSteps: number;
};

const LONGEST = 20_000;

/** Text of somebody else, in a block that it cannot close. */
const quoted = (text: string): string => fenced(cut(text, LONGEST), LONGEST);

const oneLine = (text: string): string => cut(text.replace(/\s+/g, " ").trim(), 200);

const PERSONA = "You are a focused coding agent working on a single task.";

/** The one message that an agent gets. */
export const renderPrompt = (input: PromptInput): string =>
  (input.kind === "plan" ? planPrompt(input) : workPrompt(input)).filter((part) => part !== "").join("\n\n") + "\n";

const planPrompt = (input: PromptInput): string[] => [
  input.role ?? "You are Enki's planner. You turn a request into a small graph of steps; you change nothing yourself.",
  `REQUEST\n\n${quoted(input.request)}`,
  failure(input),
  [
    "## What to do",
    "",
    "Read the code in the working directory until you know what has to change. Then call `enki_execution_create` once, with the whole graph. If it answers with a refusal, mend the plan and call it again. Nothing runs before a person approved the plan.",
    "",
    `- At most ${input.maxSteps} steps; as few as the work needs. Each is one pull request that passes the repository's checks by itself.`,
    "- A step knows its own description, the output of the steps that it needs, and the reports of this execution: nothing else. Write down files, decisions and how to see that it is done.",
    "- `needs` orders steps. Steps that do not need each other run side by side, so let them change different files.",
    "- `tier`: `light` for renames, stubs, research, documents; `standard` for features, fixes, tests; `heavy` for architecture, ambiguity and hard debugging.",
    "- `checkpoint: true` where a person should look before others build upon it.",
  ].join("\n"),
  roleList(input),
];

const roleList = ({ roles }: PromptInput): string =>
  [
    "## Roles",
    "",
    ...roles
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(
        (role) =>
          `- \`${role.name}\`: ${oneLine(role.description)}${role.canEdit ? "" : " (read-only)"}${role.output === "artifact" ? " → leaves a report" : ""}`,
      ),
  ].join("\n");

const workPrompt = (input: PromptInput): string[] => [
  input.role ?? PERSONA,
  input.step ? `TASK: ${oneLine(input.step.title)}\n\n${quoted(input.step.task)}` : "",
  `It is one step of this request:\n\n${quoted(input.request)}`,
  upstream(input),
  reports(input),
  failure(input),
  input.kind === "resolve" ? RESOLVE : (artifact(input) ?? code(input)),
  OUTPUT,
];

const upstream = ({ upstream: steps }: PromptInput): string =>
  steps.length === 0
    ? ""
    : [
        "## Context from upstream steps",
        ...steps.map(({ title, output }) => `### ${oneLine(title)} (completed)\n\n${quoted(output)}`),
      ].join("\n\n");

const reports = ({ artifacts }: PromptInput): string =>
  artifacts.length === 0
    ? ""
    : ["## Reports of this execution", ...artifacts.map(({ step, text }) => `### ${step}\n\n${quoted(text)}`)].join("\n\n");

const failure = ({ lastFailure }: PromptInput): string =>
  lastFailure === null ? "" : `## An earlier attempt failed\n\nThis is how; do not repeat it.\n\n${quoted(lastFailure)}`;

const artifact = ({ artifactPath }: PromptInput): string | null =>
  artifactPath === null
    ? null
    : `## What to leave\n\nWrite your report, in Markdown, to \`${artifactPath}\` (also in \`$ENKI_ARTIFACT\`). Files of the repository are not to be changed: changes are thrown away.`;

const code = ({ canEdit, step }: PromptInput): string =>
  [
    "## What to leave",
    "",
    canEdit
      ? "Change the files in the working directory; what is changed when you end is the step's work. Do not commit, push or open anything: you have no right to, and Enki does it."
      : "You may read and run, but not change files: changes are thrown away.",
    ...(step && step.paths.length > 0 ? ["", `Only these paths may change: ${step.paths.map((path) => `\`${path}\``).join(", ")}.`] : []),
    ...(step?.checkpoint ? ["", "A person looks at this step before others build upon it: make it easy to judge."] : []),
  ].join("\n");

const RESOLVE =
  "## What to do\n\nThe files in the working directory hold conflict markers. Read both sides, keep what both intend, leave no marker and touch nothing else. Do not commit.";

const OUTPUT =
  "End with two to five sentences for the steps that need this one, between `[OUTPUT]` and `[/OUTPUT]`: what you did or found, where, and what they should know.";
