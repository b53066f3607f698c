import type { Sha } from "../model/ids.ts";
import type { Answers, Query } from "../model/query.ts";
import { applyTo } from "./carries.ts";
import { commitTimes, type Identity, isAncestor, treeOf, writeCommit } from "./objects.ts";
import { git, type Running } from "./run.ts";

/**
 * A head on a commit that holds the same work as `without` in other commits: what the head changed on top of these, and nothing twice.
 * Equal questions give the same commit in every clone.
 */
export const buildRejoined = async (
  at: Running,
  by: Identity,
  { head, without, onto, message, linear }: Extract<Query, { kind: "rejoined" }>,
): Promise<Answers["rejoined"]> => {
  const holds = await isAncestor(at, onto, head);
  if (holds && !linear) return { kind: "commit", commit: head };
  const merged = holds
    ? ({ kind: "tree", tree: await treeOf(at, head) } as const)
    : await applyTo(at, by, { head, from: await groundOf(at, head, without), onto });
  if (merged.kind === "conflict") return merged;
  if (merged.tree === (await treeOf(at, onto))) return { kind: "unchanged" };
  const time = Math.max(...(await commitTimes(at, [head, onto])));
  const parents = linear ? [onto] : [head, onto];
  return { kind: "commit", commit: await writeCommit(at, { tree: merged.tree, parents, message, at: time, by }) };
};

/** What a head was built on: the first commit of its own line that holds all of these, or the last of them. */
const groundOf = async (at: Running, head: Sha, without: readonly Sha[]): Promise<Sha> => {
  const own = (await git(at, ["rev-list", "--first-parent", "--reverse", head])).split("\n").filter((line) => line !== "");
  let from = 0;
  for (const commit of without) {
    const found = await firstWith(at, own, commit);
    if (found !== null) from = Math.max(from, found);
  }
  return own[from] ?? head;
};

/** Where a commit comes into a line of commits, oldest first: later ones hold all that an earlier one holds. Null where it never does. */
const firstWith = async (at: Running, line: readonly Sha[], commit: Sha): Promise<number | null> => {
  let [low, high] = [0, line.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isAncestor(at, commit, line[middle] ?? "")) high = middle;
    else low = middle + 1;
  }
  return low < line.length ? low : null;
};
