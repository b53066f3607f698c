import type { Sha } from "../../../src/core/domain/ids.ts";
import type { ChainLink, ChainMerge } from "../../../src/core/domain/query.ts";

/** A commit in memory. Its content is a set of patches with one bit each. */
export type Commit = { readonly id: Sha; readonly parents: readonly Sha[]; readonly holds: bigint; readonly tree: Sha };

/** A change in a step's head, or in a person's push to a base. */
export type Patch = {
  readonly bit: bigint;
  /** The step of the patch; null for a push to a base. */
  readonly step: number | null;
  readonly version: number;
  readonly bad: boolean;
};

/** Builds commits, merges and trees as git would. Equal input returns equal commits, and a merge contains both sides. */
export const openGraph = () => {
  const commits = new Map<Sha, Commit>();
  const merges = new Map<string, Sha>();
  const patches: Patch[] = [];
  /** The patches with which each patch conflicts as text. */
  const clashes = new Map<bigint, bigint>();

  const at = (id: Sha): Commit => {
    const found = commits.get(id);
    if (!found) throw new Error(`no commit ${id}`);
    return found;
  };
  const write = (id: Sha, parents: readonly Sha[], holds: bigint): Sha => {
    commits.set(id, { id, parents, holds, tree: `tree-${holds.toString(36)}` });
    return id;
  };
  const commit = (name: string, parents: readonly Sha[], own: bigint): Sha =>
    write(
      `${name}.${commits.size}`,
      parents,
      parents.reduce((holds, parent) => holds | at(parent).holds, own),
    );
  const conflicts = (ours: bigint, theirs: bigint): boolean => {
    const [left, right] = [ours & ~theirs, theirs & ~ours];
    for (const [bit, others] of clashes) if ((left & bit) !== 0n && (right & others) !== 0n) return true;
    return false;
  };
  const merge = (ours: Sha, { head, message }: Pick<ChainMerge, "head" | "message">): ChainLink => {
    if (conflicts(at(ours).holds, at(head).holds)) return { kind: "conflict", paths: ["shared.txt"] };
    const key = `${ours}\0${head}\0${message}`;
    const made = merges.get(key) ?? commit("merge", [ours, head], 0n);
    merges.set(key, made);
    return { kind: "merged", commit: made, tree: at(made).tree };
  };
  return {
    at,
    commit,
    patch: (patch: Omit<Patch, "bit">): Patch => {
      const made = { ...patch, bit: 1n << BigInt(patches.length) };
      patches.push(made);
      return made;
    },
    patches: (): readonly Patch[] => patches,
    clash: (a: bigint, b: bigint): void => {
      clashes.set(a, (clashes.get(a) ?? 0n) | b);
      clashes.set(b, (clashes.get(b) ?? 0n) | a);
    },
    chain: (onto: Sha, wanted: readonly ChainMerge[]): ChainLink[] => {
      const out = new Set<string>();
      let tip = onto;
      return wanted.map((each): ChainLink => {
        const link: ChainLink = each.needs.some((need) => out.has(need)) ? { kind: "left-out" } : merge(tip, each);
        if (link.kind === "merged") tip = link.commit;
        else out.add(each.task);
        return link;
      });
    },
    contains: (commit: Sha, tip: Sha): boolean => {
      const seen = new Set<Sha>();
      const stack = [tip];
      for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
        if (next === commit) return true;
        if (seen.has(next)) continue;
        seen.add(next);
        stack.push(...at(next).parents);
      }
      return false;
    },
    /** Returns the commit and its first parents, newest first. */
    line: (tip: Sha): Sha[] => {
      const found: Sha[] = [];
      for (let next: Sha | undefined = tip; next !== undefined; next = at(next).parents[0]) found.push(next);
      return found;
    },
  };
};

export type Graph = ReturnType<typeof openGraph>;
