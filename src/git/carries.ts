import type { Sha } from "../model/ids.ts";
import type { Answers, Query } from "../model/query.ts";
import { type Author, commitTimes, type Identity, isAncestor, type Merged, mergeTrees, treeOf, writeCommit } from "./objects.ts";
import { git, runGit, type Running } from "./run.ts";

type Ask<K extends Query["kind"]> = Extract<Query, { kind: K }>;

export type Own = { readonly from: Sha; readonly head: Sha; readonly onto: Sha };

/**
 * Two commits that differ from each other as `onto` and `head` do, with a third like `from` as their only common ancestor.
 * git before 2.40 cannot be told which merge base to use: these commits make it so.
 */
export const comparedFrom = async (at: Running, by: Identity, { from, head, onto }: Own): Promise<{ onto: Sha; head: Sha }> => {
  const alike = async (commit: Sha, parents: readonly Sha[]): Promise<Sha> =>
    writeCommit(at, { tree: await treeOf(at, commit), parents, message: "Compare", at: 0, by });
  const ground = await alike(from, []);
  return { onto: await alike(onto, [ground]), head: await alike(head, [ground]) };
};

/** What changed between two commits, on a third: nothing else that the head contains comes along, whatever their real merge base is. */
export const applyTo = async (at: Running, by: Identity, own: Own): Promise<Merged> => {
  const { onto, head } = await comparedFrom(at, by, own);
  return mergeTrees(at, onto, head);
};

/** More commits than this become one. */
const MAX_COMMITS = 50;

/**
 * A head's own changes, those since `from`, as commits on another commit. Each commit of its line stays one, with its author and message,
 * where replaying them gives the same files; otherwise all of it becomes one commit with the given message.
 */
export const buildCarry = async (at: Running, by: Identity, { head, from, onto, message }: Ask<"carry">): Promise<Answers["carry"]> => {
  const merged = await applyTo(at, by, { head, from, onto });
  if (merged.kind === "conflict") return merged;
  if (merged.tree === (await treeOf(at, onto))) return { kind: "unchanged" };
  const replayed = await replay(at, by, { head, from, onto });
  if (replayed !== null && (await treeOf(at, replayed)) === merged.tree) return { kind: "commit", commit: replayed };
  const times = await commitTimes(at, [head, onto]);
  return { kind: "commit", commit: await writeCommit(at, { tree: merged.tree, parents: [onto], message, at: Math.max(...times), by }) };
};

/** The commits of a head's own line one after the other; null where one of them conflicts. */
const replay = async (at: Running, by: Identity, { head, from, onto }: Own): Promise<Sha | null> => {
  const range = ["--reverse", "--first-parent", `--max-count=${MAX_COMMITS + 1}`, `${from}..${head}`];
  const commits = (await git(at, ["rev-list", ...range])).split("\n").filter((each) => each !== "");
  if (commits.length === 0 || commits.length > MAX_COMMITS) return null;
  let tip = onto;
  for (const commit of commits) {
    const next = await replayOne(at, by, { commit, onto: tip });
    if (next === null) return null;
    tip = next;
  }
  return tip;
};

const replayOne = async (at: Running, by: Identity, { commit, onto }: { commit: Sha; onto: Sha }): Promise<Sha | null> => {
  const parent = await runGit(at, ["rev-parse", "--verify", "--quiet", `${commit}^1`]);
  if (parent.code !== 0) return null;
  const merged = await applyTo(at, by, { from: parent.stdout.toString("utf8").trim(), head: commit, onto });
  if (merged.kind === "conflict") return null;
  if (merged.tree === (await treeOf(at, onto))) return onto;
  const { author, message } = await readAuthor(at, commit);
  const times = await commitTimes(at, [commit, onto]);
  return writeCommit(at, { tree: merged.tree, parents: [onto], message, at: Math.max(...times), by, ...(author && { author }) });
};

const readAuthor = async (at: Running, commit: Sha): Promise<{ author: Author | null; message: string }> => {
  const out = await git(at, ["log", "-1", "--format=%an%n%ae%n%at%n%B", commit]);
  const [name = "", email = "", time = "", ...message] = out.split("\n");
  const author = name === "" ? null : { name, email, at: Number(time) * 1_000 };
  return { author, message: message.join("\n").trimEnd() };
};

/**
 * The newest commit of a base that a head has in it. Tips that the base had before it was rewound come first: what a head has of them, and the base has
 * no more, is not the head's own. Null where the head has nothing of the base.
 */
export const findGround = async (at: Running, { head, tip, left }: Ask<"ground">): Promise<Sha | null> => {
  for (const lost of left) {
    const ground = await mergeBase(at, head, lost);
    if (ground !== null && !(await isAncestor(at, ground, tip))) return ground;
  }
  return mergeBase(at, head, tip);
};

/** Null also for a commit that is not here: a clone made anew lacks what a rewound base lost. */
const mergeBase = async (at: Running, one: Sha, other: Sha): Promise<Sha | null> => {
  const { code, stdout } = await runGit(at, ["merge-base", one, other]);
  return code === 0 ? stdout.toString("utf8").trim() : null;
};
