import type { ChangedFile, PullDiff } from "../domain/brief.ts";
import { stripHiddenChars } from "../domain/visible-text.ts";

/** A changed file with its hunks; null if GitHub shows none, for example for a binary file. */
export type PatchedFile = ChangedFile & { readonly patch: string | null };

const headed = ({ path, patch }: PatchedFile): string | null =>
  patch === null ? null : `=== ${stripHiddenChars(path).replaceAll(/\s+/g, " ")}\n${stripHiddenChars(patch).trimEnd()}`;

/** The diffs of as many files as fit: the largest are omitted completely, and named. Returns null if there is nothing to show. */
export const diffWithin = (files: readonly PatchedFile[], room: number): PullDiff | null => {
  const all = files.map((file, at) => ({ at, path: file.path, text: headed(file) }));
  const kept = new Set<number>();
  let free = room;
  for (const { at, text } of all.toSorted((a, b) => (a.text ?? "").length - (b.text ?? "").length || a.at - b.at)) {
    if (text === null || text.length + 1 > free) continue;
    kept.add(at);
    free -= text.length + 1;
  }
  const text = all.flatMap((each) => (kept.has(each.at) && each.text !== null ? [each.text] : [])).join("\n");
  const left = all.flatMap(({ at, path }) => (kept.has(at) ? [] : [path]));
  return all.length === 0 ? null : { text, left };
};
