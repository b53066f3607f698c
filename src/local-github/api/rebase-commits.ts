import type { BareRepository, CommitSignature } from "./bare-repository.ts";

type RebaseRequest = {
  readonly base: string;
  readonly head: string;
  /** The committer; null if the commits only answer whether a rebase is possible. */
  readonly by: CommitSignature | null;
};

const PROBE_SIGNATURE: CommitSignature = { login: "GitHub", at: 0 };

/**
 * The tree of a commit's own change applied on top of another commit; null on a conflict. The merge uses commits
 * without history, whose only common ancestor is the original parent.
 */
const cherryPickTree = async (bare: BareRepository, commit: string, onto: string): Promise<string | null> => {
  const facts = await bare.describeCommit(commit);
  const [before, tip] = [
    facts?.parents[0] === undefined ? null : await bare.describeCommit(facts.parents[0]),
    await bare.describeCommit(onto),
  ];
  if (!facts || !tip) return null;
  const createProbe = (tree: string, parents: readonly string[]): Promise<string> =>
    bare.commitTree(tree, { parents, message: "", by: PROBE_SIGNATURE });
  const from = await createProbe(before?.tree ?? (await bare.emptyTree()), []);
  return bare.mergeTree(await createProbe(tip.tree, [from]), await createProbe(facts.tree, [from]));
};

/**
 * Rebases a head's own commits onto a base and keeps their authors and messages. Returns null if a commit conflicts.
 * Like GitHub, also returns null if the final tree differs from the tree of a merge.
 */
export const rebaseCommits = async (bare: BareRepository, { base, head, by }: RebaseRequest): Promise<string | null> => {
  const merged = await bare.mergeTree(base, head);
  if (merged === null) return null;
  let tip = base;
  let tree = (await bare.describeCommit(base))?.tree ?? "";
  for (const commit of await bare.listOwnCommits(base, head)) {
    const facts = await bare.describeCommit(commit);
    const next = facts && (await cherryPickTree(bare, commit, tip));
    if (!facts || next === null) return null;
    // Leave out a change that the base already contains.
    if (next === tree) continue;
    tree = next;
    tip = await bare.commitTree(tree, {
      parents: [tip],
      message: `${facts.message}\n`,
      by: { ...(by ?? PROBE_SIGNATURE), author: facts.author, isCommitter: by !== null },
    });
  }
  return tree === merged && tip !== base ? tip : null;
};
