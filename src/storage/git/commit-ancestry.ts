import type { Sha } from "../../core/domain/ids.ts";
import { type CommitLinks, readCommitLinks } from "./commit-object.ts";
import type { ObjectFiles } from "./object-files.ts";

/** Git walks longer histories. */
const MAX_VISITED_COMMITS = 500;

const BELOW_ANCESTOR = 1;
const BELOW_TIP = 2;
const BELOW_BOTH = BELOW_ANCESTOR | BELOW_TIP;

/**
 * Whether the history of a tip contains a commit, read without a process; null if only git can tell. The walk goes back from both, newest first,
 * until all that is left is in both histories: commits further back cannot lead from the tip to the commit. Dates only choose the order.
 */
export const findAncestry = (objects: ObjectFiles | undefined, commit: Sha, tip: Sha): boolean | null => {
  const sides = new Map<Sha, number>();
  const waiting = new Map<Sha, CommitLinks>();
  let visited = 0;
  const reach = (id: Sha, side: number): boolean => {
    const before = sides.get(id) ?? 0;
    if ((before | side) === before) return true;
    const links = (visited += 1) <= MAX_VISITED_COMMITS ? readCommitLinks(objects, id) : null;
    if (links === null) return false;
    sides.set(id, before | side);
    waiting.set(id, links);
    return true;
  };
  if (!reach(commit, BELOW_ANCESTOR) || !reach(tip, BELOW_TIP)) return null;
  while ([...waiting.keys()].some((id) => sides.get(id) !== BELOW_BOTH)) {
    if (sides.get(commit) === BELOW_BOTH) return true;
    const [[id, { parents }] = ["", { parents: [] }]] = [...waiting].sort(([, a], [, b]) => b.committedSeconds - a.committedSeconds);
    waiting.delete(id);
    for (const parent of parents) if (!reach(parent, sides.get(id) ?? 0)) return null;
  }
  return sides.get(commit) === BELOW_BOTH;
};

/**
 * The first-parent line of a commit, newest first, up to one of its commits or, for null, to its root; null if only git can tell. Commits above
 * `end` are not in its history.
 */
export const walkFirstParents = (objects: ObjectFiles | undefined, tip: Sha, end: Sha | null): Sha[] | null => {
  const line: Sha[] = [];
  for (let id: Sha | null = tip; id !== end;) {
    const links: CommitLinks | null = line.length < MAX_VISITED_COMMITS && id !== null ? readCommitLinks(objects, id) : null;
    if (links === null || id === null) return null;
    line.push(id);
    id = links.parents[0] ?? null;
  }
  return line;
};
