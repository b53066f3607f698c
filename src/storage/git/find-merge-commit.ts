import type { Sha } from "../../core/domain/ids.ts";
import type { QueryAnswers, Query } from "../../core/domain/query.ts";
import { isAncestor } from "./git-objects.ts";
import { runGitOrThrow, type GitContext } from "./run-git.ts";

type FirstParentCommit = { readonly sha: Sha; readonly tree: Sha; readonly author: string; readonly message: string };

/** Includes the author time, which a rebase preserves. */
const COMMIT_LOG_FORMAT = "%H%x00%T%x00%an <%ae> %at%x00%B";

const parseCommitLog = (out: string): FirstParentCommit[] =>
  out.split("\x01").flatMap((entry) => {
    const [sha = "", tree = "", author = "", message = ""] = entry.trimStart().split("\0");
    return tree === "" ? [] : [{ sha, tree, author, message: message.trim() }];
  });

/**
 * Finds the first commit after `onto`, on the first-parent line of a tip, that contains a head; null if there is none.
 * A squash is recognized by the head in its trailers, a rebase by the author, time and message of its last commit.
 */
export const findMergeCommit = async (
  at: GitContext,
  { head, onto, tip, method }: Extract<Query, { kind: "merge-of" }>,
): Promise<QueryAnswers["merge-of"]> => {
  const commits = parseCommitLog(
    await runGitOrThrow(at, ["log", "--first-parent", "--reverse", `--format=${COMMIT_LOG_FORMAT}%x01`, `${onto}..${tip}`]),
  );
  const [own] =
    method === "rebase" ? parseCommitLog(await runGitOrThrow(at, ["log", "-1", `--format=${COMMIT_LOG_FORMAT}%x01`, head])) : [];
  for (const each of commits) {
    const isMade =
      (method === "squash" && each.message.split("\n").includes(`Enki-Head: ${head}`)) ||
      (own !== undefined && each.author === own.author && each.message === own.message);
    if (isMade || (await isAncestor(at, head, each.sha))) return { commit: each.sha, tree: each.tree };
  }
  return null;
};
