import type { Sha } from "../model/ids.ts";
import type { Answers, Query } from "../model/query.ts";
import { isAncestor } from "./objects.ts";
import { git, type Running } from "./run.ts";

type Commit = { readonly sha: Sha; readonly tree: Sha; readonly author: string; readonly message: string };

/** Author with the time at which it was written, which a rebase keeps. */
const FORMAT = "%H%x00%T%x00%an <%ae> %at%x00%B";

const readCommits = (out: string): Commit[] =>
  out.split("\x01").flatMap((entry) => {
    const [sha = "", tree = "", author = "", message = ""] = entry.trimStart().split("\0");
    return tree === "" ? [] : [{ sha, tree, author, message: message.trim() }];
  });

/**
 * The first commit after `onto`, on the first-parent way to a tip, that has a head in it; null while there is none.
 * A squash is known by the head that its trailers name, a rebase by its last commit, which has the author, time and words of the head.
 */
export const mergeOf = async (
  at: Running,
  { head, onto, tip, method }: Extract<Query, { kind: "merge-of" }>,
): Promise<Answers["merge-of"]> => {
  const commits = readCommits(await git(at, ["log", "--first-parent", "--reverse", `--format=${FORMAT}%x01`, `${onto}..${tip}`]));
  const [own] = method === "rebase" ? readCommits(await git(at, ["log", "-1", `--format=${FORMAT}%x01`, head])) : [];
  for (const each of commits) {
    const isMade =
      (method === "squash" && each.message.split("\n").includes(`Enki-Head: ${head}`)) ||
      (own !== undefined && each.author === own.author && each.message === own.message);
    if (isMade || (await isAncestor(at, head, each.sha))) return { commit: each.sha, tree: each.tree };
  }
  return null;
};
