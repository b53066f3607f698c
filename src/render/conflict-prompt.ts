import type { Conflict } from "../model/conflict.ts";
import { conflictWords } from "./conflicts.ts";
import { code, fenced, oneLine } from "./escape.ts";

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

/** What conflicts, with what, and how both sides are read. */
export const conflictPrompt = ({ base, conflicts, anew, also, landed }: ConflictInput, nonce: string): string[] => {
  const open = conflicts.filter(({ path }) => !anew.includes(path));
  const files = open.slice(0, MOST_FILES).map((each) => `- ${conflictWords([each])}`);
  const more = open.length > MOST_FILES ? [`- … and ${open.length - MOST_FILES} more: ${code("git diff --name-only HEAD^1 HEAD^2")}`] : [];
  return [
    [
      `## Conflicts`,
      "",
      `The task's change conflicts with commits that landed on ${code(base)} after the task started:`,
      "",
      ...files,
      ...more,
    ].join("\n"),
    [
      "The working directory holds git's partial merge of the two. In a file with markers, the landed side is above `=======` and this task's change is below it.",
      `The full landed side is ${code("HEAD^1")} and this task's full side is ${code("HEAD^2")}: ${code("git show HEAD^1:<path>")}, ${code("git diff HEAD^1...HEAD^2 -- <path>")}.`,
    ].join(" "),
    ...(landed.length === 0 ? [] : ["## Purpose of the landed side", ...landed.map((each) => intent(each, nonce))]),
    RESOLVE,
    ...(anew.length === 0 ? [] : [`A command regenerates these files after you finish, so leave them: ${list(anew)}.`]),
    ...(also.length === 0 ? [] : [`If the resolution requires it, these may change too: ${list(also)}.`]),
  ];
};

const intent = ({ title, task }: ConflictInput["landed"][number], nonce: string): string =>
  task.trim() === ""
    ? `### ${oneLine(title)}`
    : `### ${oneLine(title)}\n\n${fenced(`task-${nonce}`, task, { limit: LONGEST, keep: "start" })}`;

const list = (all: readonly string[]): string =>
  all
    .slice(0, MOST_FILES)
    .map((each) => code(each))
    .join(", ");

const RESOLVE =
  "## What to do\n\nRead both sides in full and keep the intent of both. Change only the conflicting files: if another file changes, Enki discards all of your work. Leave no marker (`<<<<<<<`, `=======`, `>>>>>>>`). A file that one side deleted is kept as it is in the working directory, or deleted; no other file may be deleted. Run the tests. Do not commit: Enki does, and verifies the result.";
