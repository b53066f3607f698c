import type { Conflict } from "../domain/conflict.ts";
import { formatConflicts } from "./open-conflicts.ts";
import { toInlineCode, fenceText, toOneLine } from "./escape.ts";
import { promptTemplate } from "./prompt-template.ts";

export type ConflictInput = {
  readonly baseBranch: string;
  readonly conflicts: readonly Conflict[];
  /** Files that a command regenerates after the agent has finished. */
  readonly regenerated: readonly string[];
  /** Globs of paths that may change beside the conflicting files. */
  readonly alsoAllowed: readonly string[];
  /** Tasks of the landed side, oldest first. */
  readonly landed: readonly { readonly title: string; readonly task: string }[];
};

const MAX_CONFLICT_FILES = 100;
const MAX_LANDED_TASK_CHARS = 6_000;

type ConflictValues = {
  readonly base: string;
  readonly files: readonly string[];
  /** Number of unlisted files. */
  readonly more: number;
  readonly landed: readonly { readonly title: string; readonly task: string }[];
  readonly anew: string;
  readonly also: string;
};

const writeConflict = promptTemplate(`
## Conflicts

The task's change conflicts with commits that landed on {{base}} after the task started:

{{#each files}}
- {{this}}
{{/each}}
{{#if more}}
- … and {{more}} more: \`git diff --name-only HEAD^1 HEAD^2\`
{{/if}}

The working directory holds git's partial merge of the two. In a file with markers, the landed side is above \`=======\` and this task's change is below it. The full landed side is \`HEAD^1\` and this task's full side is \`HEAD^2\`: \`git show HEAD^1:<path>\`, \`git diff HEAD^1...HEAD^2 -- <path>\`.

{{#if landed}}
## Purpose of the landed side

{{#each landed}}
### {{title}}

{{#if task}}
{{task}}

{{/if}}
{{/each}}
{{/if}}
## What to do

Read both sides in full and keep the intent of both. Change only the conflicting files: if another file changes, Enki discards all of your work. Leave no marker (\`<<<<<<<\`, \`=======\`, \`>>>>>>>\`). A file that one side deleted is kept as it is in the working directory, or deleted; no other file may be deleted. Run the tests. Do not commit: Enki commits and verifies the result.

{{#if anew}}
A command regenerates these files after you finish, so leave them: {{anew}}.

{{/if}}
{{#if also}}
If the resolution requires it, these may change too: {{also}}.
{{/if}}
`);

export const renderConflictPrompt = ({ baseBranch, conflicts, regenerated, alsoAllowed, landed }: ConflictInput, nonce: string): string => {
  const open = conflicts.filter(({ path }) => !regenerated.includes(path));
  return writeConflict({
    base: toInlineCode(baseBranch),
    files: open.slice(0, MAX_CONFLICT_FILES).map((each) => formatConflicts([each])),
    more: Math.max(0, open.length - MAX_CONFLICT_FILES),
    landed: landed.map(({ title, task }) => ({
      title: toOneLine(title),
      task: task.trim() === "" ? "" : fenceText(`task-${nonce}`, task, { limit: MAX_LANDED_TASK_CHARS, keep: "start" }),
    })),
    anew: formatCodeList(regenerated),
    also: formatCodeList(alsoAllowed),
  } satisfies ConflictValues);
};

const formatCodeList = (all: readonly string[]): string =>
  all
    .slice(0, MAX_CONFLICT_FILES)
    .map((each) => toInlineCode(each))
    .join(", ");
