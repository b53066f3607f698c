import type { BareRepository, CommitSignature } from "./bare-repository.ts";

type RebaseRequest = {
  readonly base: string;
  readonly head: string;
  /** Null where the commits are made for a look only. */ readonly by: CommitSignature | null;
};

const PROBE_SIGNATURE: CommitSignature = { login: "GitHub", at: 0 };

/** What a commit changed, on top of another; null for a conflict. The commits that say what it is compared with have no history. */
const cherryPickTree = async (bare: BareRepository, commit: string, onto: string): Promise<string | null> => {
  const facts = await bare.describe(commit);
  const [before, tip] = [facts?.parents[0] === undefined ? null : await bare.describe(facts.parents[0]), await bare.describe(onto)];
  if (!facts || !tip) return null;
  const like = (tree: string, parents: readonly string[]): Promise<string> =>
    bare.commitTree(tree, { parents, message: "", by: PROBE_SIGNATURE });
  const from = await like(before?.tree ?? (await bare.emptyTree()), []);
  return bare.mergeTree(await like(tip.tree, [from]), await like(facts.tree, [from]));
};

/**
 * A head's own commits, replayed on a base: each with its author and its words. Null where one of them conflicts,
 * or where the result is not that of a merge: GitHub calls that unsafe, and refuses.
 */
export const rebaseCommits = async (bare: BareRepository, { base, head, by }: RebaseRequest): Promise<string | null> => {
  const merged = await bare.mergeTree(base, head);
  if (merged === null) return null;
  let tip = base;
  let tree = (await bare.describe(base))?.tree ?? "";
  for (const commit of await bare.ownCommits(base, head)) {
    const facts = await bare.describe(commit);
    const next = facts && (await cherryPickTree(bare, commit, tip));
    if (!facts || next === null) return null;
    // What is in the base already is left out.
    if (next === tree) continue;
    tree = next;
    tip = await bare.commitTree(tree, {
      parents: [tip],
      message: `${facts.message}\n`,
      by: { ...(by ?? PROBE_SIGNATURE), author: facts.author, own: by !== null },
    });
  }
  return tree === merged && tip !== base ? tip : null;
};
