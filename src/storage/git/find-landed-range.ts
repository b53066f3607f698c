import type { Sha } from "../../core/domain/ids.ts";
import type { RevertedLanding } from "../../core/domain/reverted-landing.ts";
import { readLandingTrailers } from "../../core/messages/commit-messages.ts";
import { isAncestor, isCommit } from "./git-objects.ts";
import { runGitOrThrow, type GitContext } from "./run-git.ts";

/** The changes of a landed step: what differs between two commits. */
type LandedRange = { readonly from: Sha; readonly to: Sha };

/** A landing adds few commits to a base; a longer line cannot belong to one landing. */
const MAX_LINE_COMMITS = 5_000;
/** GitHub rebases at most 100 commits. */
const MAX_REBASED_COMMITS = 100;

/** Finds exactly the changes that a landing brought to its base; null if git does not show the changes. */
export const findLandedRange = async (at: GitContext, landing: RevertedLanding): Promise<LandedRange | null> => {
  if (!(await isCommit(at, landing.commit))) return null;
  return (await isAncestor(at, landing.head, landing.commit)) ? findMergedRange(at, landing) : findRewrittenRange(at, landing);
};

type LineCommit = { readonly sha: Sha; readonly parents: readonly Sha[] };

/** The first-parent line of a tip without the history of another commit, oldest first. */
const readLine = async (at: GitContext, tip: Sha, excluded: Sha): Promise<LineCommit[]> => {
  const out = await runGitOrThrow(at, [
    "rev-list",
    "--first-parent",
    "--parents",
    `--max-count=${MAX_LINE_COMMITS}`,
    tip,
    `^${excluded}`,
    "--",
  ]);
  return out
    .split("\n")
    .flatMap((row) => {
      const [sha = "", ...parents] = row.split(" ");
      return sha === "" ? [] : [{ sha, parents }];
    })
    .reverse();
};

/** The first commit of a line, oldest first, that contains a head; later commits contain everything before them. */
const findFirstWith = async (at: GitContext, line: readonly LineCommit[], head: Sha): Promise<LineCommit | null> => {
  let [low, high] = [0, line.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isAncestor(at, head, line[middle]?.sha ?? "")) high = middle;
    else low = middle + 1;
  }
  return line[low] ?? null;
};

const toRange = ({ sha, parents }: LineCommit): LandedRange | null => (parents[0] === undefined ? null : { from: parents[0], to: sha });

/**
 * The merge of a head into its base or into a candidate that was merged as a whole; else the head's own commits; else everything that the
 * merge by a person brought.
 */
const findMergedRange = async (at: GitContext, { commit, head, baseTip }: RevertedLanding): Promise<LandedRange | null> => {
  const first = await findFirstWith(at, await readLine(at, commit, head), head);
  const merge = first && (await findOwnMerge(at, first, head));
  if (merge) return toRange(merge);
  if (baseTip !== undefined && baseTip !== head && (await isAncestor(at, baseTip, head))) return { from: baseTip, to: head };
  return first === null || first.parents[0] === head ? null : toRange(first);
};

/** The merge of a head itself: on the base, or inside a candidate that was merged as a whole. */
const findOwnMerge = async (at: GitContext, first: LineCommit, head: Sha): Promise<LineCommit | null> => {
  const [onto, ...merged] = first.parents;
  if (onto === undefined || onto === head) return null;
  if (merged.includes(head)) return first;
  for (const side of merged) {
    const inner = (await readLine(at, side, onto)).find(({ parents }) => parents.slice(1).includes(head));
    if (inner) return inner;
  }
  return null;
};

type LoggedCommit = LineCommit & { readonly identity: string; readonly message: string };

/** Includes author and author time, which a rebase preserves. */
const readLog = async (at: GitContext, args: readonly string[]): Promise<LoggedCommit[]> => {
  const out = await runGitOrThrow(at, ["log", "-z", "--format=%H%x01%P%x01%an <%ae> %at%x01%B", ...args, "--"]);
  return out.split("\0").flatMap((entry) => {
    const [sha = "", parents = "", author = "", message = ""] = entry.split("\x01");
    if (author === "") return [];
    return [{ sha, parents: parents.split(" ").filter((each) => each !== ""), identity: `${author}\n${message.trim()}`, message }];
  });
};

/** The commits that a squash or a rebase made of a head. A squash names the head or the pull request; a rebase keeps each commit's author. */
const findRewrittenRange = async (at: GitContext, landing: RevertedLanding): Promise<LandedRange | null> => {
  const { commit, head, proven } = landing;
  const since = await findLowerBound(at, landing);
  if (since !== null && proven?.method === "rebase") return { from: since, to: commit };
  const bounds = since === null ? [] : [`^${since}`];
  const line = await readLog(at, ["--first-parent", `--max-count=${MAX_LINE_COMMITS}`, commit, ...bounds]);
  const own = await readOwnIdentities(at, head, commit);
  const top = proven ? 0 : line.findIndex((each) => own.has(each.identity) || isSquashOf(each.message, landing));
  if (top < 0) return null;
  const [newest, ...older] = line.slice(top);
  return newest ? toRewrittenRange([newest, ...older], own) : null;
};

/** A commit of the base from before the landing; null if none is known. */
const findLowerBound = async (at: GitContext, { commit, proven, baseTip }: RevertedLanding): Promise<Sha | null> => {
  const since = proven?.onto ?? baseTip;
  return since !== undefined && since !== commit && (await isAncestor(at, since, commit)) ? since : null;
};

const toRewrittenRange = (line: readonly [LoggedCommit, ...LoggedCommit[]], own: ReadonlySet<string>): LandedRange | null => {
  const [from] = line[Math.max(countOwn(line, own), 1) - 1]?.parents ?? [];
  return from === undefined ? null : { from, to: line[0].sha };
};

/** Author, time and message of a head's own commits; empty if the clone lacks the head. */
const readOwnIdentities = async (at: GitContext, head: Sha, commit: Sha): Promise<ReadonlySet<string>> => {
  if (!(await isCommit(at, head))) return new Set();
  const own = await readLog(at, ["--no-merges", `--max-count=${MAX_REBASED_COMMITS}`, head, `^${commit}`]);
  return new Set(own.map(({ identity }) => identity));
};

const isSquashOf = (message: string, { head, pull }: RevertedLanding): boolean =>
  readLandingTrailers(message)?.head === head || (pull !== null && (message.split("\n")[0] ?? "").endsWith(`(#${pull})`));

/** How many commits from the newest on a rebase made of the head's own commits. */
const countOwn = (line: readonly LoggedCommit[], own: ReadonlySet<string>): number => {
  const end = line.findIndex(({ identity }) => !own.has(identity));
  return end < 0 ? line.length : end;
};
