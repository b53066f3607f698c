import { refuse, type Refusal } from "../../domain/refusal.ts";

/** The place of a conflict: the task and its base, the files in words, and after a rewind of the base the start of the rebase. */
type ConflictPlace = { readonly task: string; readonly base: string; readonly files: string; readonly forkPoint: string | undefined };

export const refuseUnresolvedConflict = ({ task, base, files, forkPoint }: ConflictPlace, reason: string): Refusal => {
  const byHand =
    forkPoint === undefined
      ? `Merge \`${base}\` into \`task/${task}\` by hand and push`
      : `Rebase it by hand (\`git rebase --onto ${base} ${forkPoint.slice(0, 12)} task/${task}\`) and push`;
  const message = `It conflicts with \`${base}\` in ${files}. ${reason.replace(/[.\s]*$/, "")}. ${byHand}, or let Enki try again.`;
  return refuse("unresolved", message, `/enki retry ${task}`).refusal;
};

export const explainFailedResolutions = (tries: number, reason: string): string =>
  `${tries} tries to resolve it failed; the last: ${reason}`;

export const explainOpaqueConflict = (kinds: readonly string[]): string =>
  `Conflicts of this kind (${kinds.join(", ")}) cannot be merged as text: a person must choose a side`;

export const explainProtectedConflict = (path: string): string => `\`${path}\` is protected: no agent may change it`;

/** Why a resolution is rejected; the paths follow. */
const RESOLUTION_FAULTS = {
  outside: "it changed files that do not conflict:",
  markers: "it left conflict markers in",
  deletions: "it deleted files that neither side deleted:",
  clash: "a file and a folder have the same path:",
} as const;

/** Names the first five of the paths. */
export const explainRejectedResolution = (fault: keyof typeof RESOLUTION_FAULTS, paths: readonly string[]): string =>
  `${RESOLUTION_FAULTS[fault]} ${paths.slice(0, 5).join(", ")}`;
