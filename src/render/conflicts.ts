import { type Conflict, type ConflictKind, MAX_TRIES, type Resolution } from "../model/conflict.ts";
import type { Base } from "../model/ids.ts";
import { conflictOf, type Step } from "../model/step.ts";
import { code, sentence } from "./escape.ts";

const KINDS: Readonly<Record<ConflictKind, string>> = {
  submodule: "a submodule",
  binary: "a binary file",
  link: "a symbolic link",
  "file/directory": "a file where the other side has a folder",
  "rename/rename": "renamed by both sides",
  "rename/delete": "renamed by one side, deleted by the other",
  "modify/delete": "changed by one side, deleted by the other",
  contents: "",
};

const MOST = 5;

/** Where two sides conflict, and how where it is not in lines: `a.txt`, `b.png` (a binary file). */
export const conflictWords = (conflicts: readonly Conflict[], most = MOST): string => {
  const named = conflicts.slice(0, most).map(({ path, kind }) => (KINDS[kind] === "" ? code(path) : `${code(path)} (${KINDS[kind]})`));
  const more = conflicts.length > most ? ` and ${conflicts.length - most} more` : "";
  return `${named.join(", ")}${more}`;
};

/** Which of the tries it is; a try after a red resolution may be one more. */
export const tryWords = ({ tries }: Resolution): string => `try ${Math.min(tries + 1, MAX_TRIES)} of ${MAX_TRIES}`;

/** How many steps are told of. */
const MOST_STEPS = 20;

/** The steps whose conflict is being resolved: where it is, who is at it for which time, and what came of the last try. */
export const openConflicts = (base: Base, steps: readonly Step[]): string => {
  const lines = steps.flatMap((step) => {
    const conflict = conflictOf(step);
    if (!conflict) return [];
    const { conflicts, anew, log } = conflict;
    const who = conflicts.every(({ path }) => anew.includes(path)) ? "a command makes it anew" : "a merger resolves it";
    const last = log === "" ? "" : ` The last try: ${sentence(log.split("\n")[0] ?? "", 300)}`;
    return [`- ${code(step.id)} conflicts with ${code(base)} in ${conflictWords(conflicts)}: ${who}, ${tryWords(conflict)}.${last}`];
  });
  const more = lines.length > MOST_STEPS ? [`- … and ${lines.length - MOST_STEPS} more`] : [];
  return [...lines.slice(0, MOST_STEPS), ...more].join("\n");
};
