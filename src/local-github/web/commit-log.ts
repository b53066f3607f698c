import { runGitOrThrow, runGit, type GitContext } from "../../storage/git/run-git.ts";
import type { Sha } from "../../core/domain/ids.ts";
import type { PageScope } from "./page-scope.ts";

export type LoggedCommit = {
  readonly id: Sha;
  readonly parents: readonly Sha[];
  readonly author: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly title: string;
  /** The message without its title and trailers. */
  readonly body: string;
  readonly trailers: readonly { readonly name: string; readonly value: string }[];
};

const LOG_FORMAT = "%H%x00%P%x00%an%x00%ct%x00%B%x00";
const TRAILER_PATTERN = /^([A-Za-z][A-Za-z0-9-]*): (.+)$/;
/** The number of bytes read from a diff; a longer diff is cut. */
const MAX_DIFF_BYTES = 400_000;

const gitRunningIn = ({ forge, repository }: PageScope): GitContext => ({ directory: repository.bare.directory, after: forge.after });

/** Splits a message into its title, its body and the trailers of its last paragraph. */
export const readCommitMessage = (message: string): Pick<LoggedCommit, "title" | "body" | "trailers"> => {
  const [title = "", ...rest] = message.trim().split("\n");
  const paragraphs = rest
    .join("\n")
    .trim()
    .split(/\n{2,}/);
  const last = (paragraphs.at(-1) ?? "").split("\n").map((line) => TRAILER_PATTERN.exec(line));
  const trailers = last.flatMap((found) => (found?.[1] && found[2] ? [{ name: found[1], value: found[2] }] : []));
  const isTrailerBlock = trailers.length > 0 && trailers.length === last.length;
  return { title, body: (isTrailerBlock ? paragraphs.slice(0, -1) : paragraphs).join("\n\n"), trailers: isTrailerBlock ? trailers : [] };
};

const readLogCommits = (text: string): LoggedCommit[] => {
  const fields = text.split("\0");
  return Array.from({ length: Math.floor(fields.length / 5) }, (_, index) => {
    const [id = "", parents = "", author = "", seconds = "", message = ""] = fields.slice(index * 5, index * 5 + 5);
    return {
      id: id.trim(),
      parents: parents.split(" ").filter((parent) => parent !== ""),
      author,
      at: Number(seconds) * 1_000,
      ...readCommitMessage(message),
    };
  });
};

type LogRange = {
  readonly tip: Sha;
  readonly without?: Sha | null;
  readonly firstParent?: boolean;
  readonly skip?: number;
  readonly count: number;
};

/** Reads the commits of a tip, newest first. */
export const readCommitLog = async (scope: PageScope, range: LogRange): Promise<LoggedCommit[]> => {
  const flags = [`--max-count=${range.count}`, `--skip=${range.skip ?? 0}`, ...(range.firstParent ? ["--first-parent"] : [])];
  const without = range.without ? [`^${range.without}`] : [];
  return readLogCommits(
    await runGitOrThrow(gitRunningIn(scope), ["log", `--format=tformat:${LOG_FORMAT}`, ...flags, range.tip, ...without, "--"]),
  );
};

/**
 * A patch. `fullDiff` is null unless the text was cut; otherwise it holds the total size and the command that shows
 * everything.
 */
export type DiffPatch = { readonly text: string; readonly fullDiff: { readonly size: string; readonly command: string } | null };

const PLAIN_DIFF_FLAGS = ["--no-color", "--no-ext-diff", "--no-textconv", "-M", "-p"];

/** Reads the patch between two commits; without `from`, the whole content of `to`. */
export const readDiff = async (scope: PageScope, { from, to }: { from: Sha | null; to: Sha }): Promise<DiffPatch> => {
  const args = (...flags: string[]): string[] =>
    from === null ? ["diff-tree", "--root", "--no-commit-id", "-r", ...flags, to] : ["diff", ...flags, from, to, "--"];
  const { stdout } = await runGit({ ...gitRunningIn(scope), maxOutputBytes: MAX_DIFF_BYTES }, [
    "-c",
    "core.quotePath=false",
    ...args(...PLAIN_DIFF_FLAGS),
  ]);
  if (stdout.length <= MAX_DIFF_BYTES) return { text: stdout.toString("utf8"), fullDiff: null };
  const text = stdout.subarray(0, MAX_DIFF_BYTES);
  // Drop the last, incomplete line unless no other exists.
  const end = text.lastIndexOf("\n");
  return {
    text: text.subarray(0, end === -1 ? text.length : end).toString("utf8"),
    fullDiff: {
      size: (await runGitOrThrow(gitRunningIn(scope), args("-M", "--shortstat"))).trim(),
      command: from === null ? `git show ${to}` : `git diff ${from} ${to}`,
    },
  };
};

/** Finds the words that name a commit, with the full commit ids. */
export const findNamedCommits = async (scope: PageScope, words: readonly string[]): Promise<ReadonlyMap<string, Sha>> => {
  if (words.length === 0) return new Map();
  const lines = (
    await runGitOrThrow(gitRunningIn(scope), ["cat-file", "--batch-check=%(objecttype) %(objectname)"], `${words.join("\n")}\n`)
  ).split("\n");
  return new Map(
    words.flatMap((word, index): [string, Sha][] => {
      const [kind, id] = (lines[index] ?? "").split(" ");
      return kind === "commit" && id !== undefined ? [[word, id]] : [];
    }),
  );
};

/** Finds the merge base of two commits; null if they share none. */
export const findMergeBase = async (scope: PageScope, first: Sha, second: Sha): Promise<Sha | null> => {
  const ran = await runGit(gitRunningIn(scope), ["merge-base", first, second]);
  return ran.code === 0 ? ran.stdout.toString("utf8").trim() : null;
};
