import type { Conflict } from "../model/conflict.ts";
import { conflictWords } from "./conflicts.ts";
import { code, fenced, oneLine } from "./escape.ts";
import { promptTemplate } from "./prompt-template.ts";

export type ConflictInput = {
  /** The branch that the other side is on. */
  readonly base: string;
  readonly conflicts: readonly Conflict[];
  /** Files that a command makes anew when the agent has ended. */
  readonly anew: readonly string[];
  /** Globs of what may change beside what conflicts. */
  readonly also: readonly string[];
  /** What was wanted on the other side, the oldest first. */
  readonly landed: readonly { readonly title: string; readonly task: string }[];
};

const MOST_FILES = 100;
const LONGEST = 6_000;

type ConflictValues = {
  readonly base: string;
  readonly files: readonly string[];
  /** How many files are not listed. */
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

Read both sides in full and keep the intent of both. Change only the conflicting files: if another file changes, Enki discards all of your work. Leave no marker (\`<<<<<<<\`, \`=======\`, \`>>>>>>>\`). A file that one side deleted is kept as it is in the working directory, or deleted; no other file may be deleted. Run the tests. Do not commit: Enki does, and verifies the result.

{{#if anew}}
A command regenerates these files after you finish, so leave them: {{anew}}.

{{/if}}
{{#if also}}
If the resolution requires it, these may change too: {{also}}.
{{/if}}
`);

/** What conflicts, with what, and how both sides are read. */
export const conflictPrompt = ({ base, conflicts, anew, also, landed }: ConflictInput, nonce: string): string => {
  const open = conflicts.filter(({ path }) => !anew.includes(path));
  return writeConflict({
    base: code(base),
    files: open.slice(0, MOST_FILES).map((each) => conflictWords([each])),
    more: Math.max(0, open.length - MOST_FILES),
    landed: landed.map(({ title, task }) => ({
      title: oneLine(title),
      task: task.trim() === "" ? "" : fenced(`task-${nonce}`, task, { limit: LONGEST, keep: "start" }),
    })),
    anew: list(anew),
    also: list(also),
  } satisfies ConflictValues);
};

const list = (all: readonly string[]): string =>
  all
    .slice(0, MOST_FILES)
    .map((each) => code(each))
    .join(", ");
