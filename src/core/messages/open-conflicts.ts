import { type Conflict, type ConflictKind, MAX_RESOLUTION_ATTEMPTS, type Resolution } from "../domain/conflict.ts";
import type { BranchName } from "../domain/ids.ts";
import { findOpenConflict, type Step } from "../domain/step.ts";
import { toInlineCode, escapeSentence } from "./escape.ts";

const CONFLICT_KIND_WORDS: Readonly<Record<ConflictKind, string>> = {
  submodule: "a submodule",
  binary: "a binary file",
  link: "a symbolic link",
  "file/directory": "a file where the other side has a folder",
  "rename/rename": "renamed by both sides",
  "rename/delete": "renamed by one side, deleted by the other",
  "modify/delete": "changed by one side, deleted by the other",
  contents: "",
};

const MAX_CONFLICTS_LISTED = 5;

/** Where two sides conflict, and how where it is not in lines: `a.txt`, `b.png` (a binary file). */
export const formatConflicts = (conflicts: readonly Conflict[], most = MAX_CONFLICTS_LISTED): string => {
  const named = conflicts
    .slice(0, most)
    .map(({ path, kind }) =>
      CONFLICT_KIND_WORDS[kind] === "" ? toInlineCode(path) : `${toInlineCode(path)} (${CONFLICT_KIND_WORDS[kind]})`,
    );
  const more = conflicts.length > most ? ` and ${conflicts.length - most} more` : "";
  return `${named.join(", ")}${more}`;
};

/** Which of the tries it is; a try after a red resolution may be one more. */
export const formatResolutionAttempt = ({ failedAttempts }: Resolution): string =>
  `try ${Math.min(failedAttempts + 1, MAX_RESOLUTION_ATTEMPTS)} of ${MAX_RESOLUTION_ATTEMPTS}`;

/** How many steps are told of. */
const MAX_CONFLICTED_STEPS = 20;

/** The steps whose conflict is being resolved: where it is, who is at it for which time, and what came of the last try. */
export const renderOpenConflicts = (base: BranchName, steps: readonly Step[]): string => {
  const lines = steps.flatMap((step) => {
    const conflict = findOpenConflict(step);
    if (!conflict) return [];
    const { conflicts, regenerated, log } = conflict;
    const who = conflicts.every(({ path }) => regenerated.includes(path)) ? "a command makes it anew" : "a merger resolves it";
    const last = log === "" ? "" : ` The last try: ${escapeSentence(log.split("\n")[0] ?? "", 300)}`;
    return [
      `- ${toInlineCode(step.id)} conflicts with ${toInlineCode(base)} in ${formatConflicts(conflicts)}: ${who}, ${formatResolutionAttempt(conflict)}.${last}`,
    ];
  });
  const more = lines.length > MAX_CONFLICTED_STEPS ? [`- … and ${lines.length - MAX_CONFLICTED_STEPS} more`] : [];
  return [...lines.slice(0, MAX_CONFLICTED_STEPS), ...more].join("\n");
};
