import { type Conflict, type ConflictKind, MAX_RESOLUTION_ATTEMPTS, type Resolution } from "../domain/conflict.ts";
import type { Execution } from "../domain/execution.ts";
import { type BranchName, readTaskId } from "../domain/ids.ts";
import type { Queue } from "../domain/queue.ts";
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

/** Conflicting paths, with the type of conflict unless it is in lines: `a.txt`, `b.png` (a binary file). */
export const formatConflicts = (conflicts: readonly Conflict[], most = MAX_CONFLICTS_LISTED): string => {
  const named = conflicts
    .slice(0, most)
    .map(({ path, kind }) =>
      CONFLICT_KIND_WORDS[kind] === "" ? toInlineCode(path) : `${toInlineCode(path)} (${CONFLICT_KIND_WORDS[kind]})`,
    );
  const more = conflicts.length > most ? ` and ${conflicts.length - most} more` : "";
  return `${named.join(", ")}${more}`;
};

/** Capped, because a retry after a red resolution may exceed the limit by one. */
export const formatResolutionAttempt = ({ failedAttempts }: Resolution): string =>
  `attempt ${Math.min(failedAttempts + 1, MAX_RESOLUTION_ATTEMPTS)} of ${MAX_RESOLUTION_ATTEMPTS}`;

const MAX_CONFLICTED_STEPS = 20;

/** Steps with a conflict being resolved: paths, resolver, attempt, and the result of the last attempt. */
export const renderOpenConflicts = (base: BranchName, steps: readonly Step[]): string => {
  const lines = steps.flatMap((step) => {
    const conflict = findOpenConflict(step);
    if (!conflict) return [];
    const { conflicts, regenerated, log } = conflict;
    const resolver = conflicts.every(({ path }) => regenerated.includes(path)) ? "a command regenerates it" : "a merger resolves it";
    const last = log === "" ? "" : ` Last attempt: ${escapeSentence(log.split("\n")[0] ?? "", 300)}`;
    return [
      `- ${toInlineCode(step.id)} conflicts with ${toInlineCode(base)} in ${formatConflicts(conflicts)}: ${resolver}, ${formatResolutionAttempt(conflict)}.${last}`,
    ];
  });
  return limitLines(lines);
};

/** Steps whose conflict waits until those ahead of it in the same file are resolved. */
export const renderWaitingConflicts = ({ id, baseBranch, steps }: Execution, { items }: Pick<Queue, "items">): string =>
  limitLines(
    items.flatMap(({ task, conflictPaths = [] }) => {
      const of = readTaskId(task);
      const step = of?.execution === id ? steps[of.step] : undefined;
      if (!step || conflictPaths.length === 0 || findOpenConflict(step)) return [];
      const where = formatConflicts(conflictPaths.map((path) => ({ path, kind: "contents" })));
      return [
        `- ${toInlineCode(step.id)} conflicts with ${toInlineCode(baseBranch)} in ${where}: it waits for steps queued ahead that conflict in the same file.`,
      ];
    }),
  );

const limitLines = (lines: readonly string[]): string => {
  const more = lines.length > MAX_CONFLICTED_STEPS ? [`- … and ${lines.length - MAX_CONFLICTED_STEPS} more`] : [];
  return [...lines.slice(0, MAX_CONFLICTED_STEPS), ...more].join("\n");
};
