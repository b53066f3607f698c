import { git, runGit, type Running } from "../git/run.ts";
import type { Sha } from "../model/ids.ts";
import type { Place } from "./place.ts";

export type Commit = {
  readonly id: Sha;
  readonly parents: readonly Sha[];
  readonly author: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly title: string;
  /** What follows the title, without the trailers. */
  readonly body: string;
  readonly trailers: readonly { readonly name: string; readonly value: string }[];
};

const FORMAT = "%H%x00%P%x00%an%x00%ct%x00%B%x00";
const TRAILER = /^([A-Za-z][A-Za-z0-9-]*): (.+)$/;
/** Bytes of a diff that are read; what is longer is cut, and said to be. */
const LARGEST_DIFF = 400_000;

const at = ({ forge, repository }: Place): Running => ({ directory: repository.bare.directory, after: forge.after });

/** A message as its title, its text and the trailers of its last paragraph. */
export const readMessage = (message: string): Pick<Commit, "title" | "body" | "trailers"> => {
  const [title = "", ...rest] = message.trim().split("\n");
  const paragraphs = rest
    .join("\n")
    .trim()
    .split(/\n{2,}/);
  const last = (paragraphs.at(-1) ?? "").split("\n").map((line) => TRAILER.exec(line));
  const trailers = last.flatMap((found) => (found?.[1] && found[2] ? [{ name: found[1], value: found[2] }] : []));
  const whole = trailers.length > 0 && trailers.length === last.length;
  return { title, body: (whole ? paragraphs.slice(0, -1) : paragraphs).join("\n\n"), trailers: whole ? trailers : [] };
};

const readCommits = (text: string): Commit[] => {
  const fields = text.split("\0");
  return Array.from({ length: Math.floor(fields.length / 5) }, (_, index) => {
    const [id = "", parents = "", author = "", seconds = "", message = ""] = fields.slice(index * 5, index * 5 + 5);
    return {
      id: id.trim(),
      parents: parents.split(" ").filter((parent) => parent !== ""),
      author,
      at: Number(seconds) * 1_000,
      ...readMessage(message),
    };
  });
};

type Range = {
  readonly tip: Sha;
  readonly without?: Sha | null;
  readonly firstParent?: boolean;
  readonly skip?: number;
  readonly count: number;
};

/** Commits that a tip has, newest first. */
export const log = async (place: Place, range: Range): Promise<Commit[]> => {
  const flags = [`--max-count=${range.count}`, `--skip=${range.skip ?? 0}`, ...(range.firstParent ? ["--first-parent"] : [])];
  const without = range.without ? [`^${range.without}`] : [];
  return readCommits(await git(at(place), ["log", `--format=tformat:${FORMAT}`, ...flags, range.tip, ...without, "--"]));
};

/** A patch; where only its beginning was read, how much it is and the command that shows all of it. */
export type Patch = { readonly text: string; readonly whole: { readonly size: string; readonly command: string } | null };

const PLAIN = ["--no-color", "--no-ext-diff", "--no-textconv", "-M", "-p"];

/** What leads from one commit to another as git's patch; from nothing where there is no first. */
export const diff = async (place: Place, { from, to }: { from: Sha | null; to: Sha }): Promise<Patch> => {
  const args = (...flags: string[]): string[] =>
    from === null ? ["diff-tree", "--root", "--no-commit-id", "-r", ...flags, to] : ["diff", ...flags, from, to, "--"];
  const { stdout } = await runGit({ ...at(place), most: LARGEST_DIFF }, ["-c", "core.quotePath=false", ...args(...PLAIN)]);
  if (stdout.length <= LARGEST_DIFF) return { text: stdout.toString("utf8"), whole: null };
  const text = stdout.subarray(0, LARGEST_DIFF);
  // The last line is not whole; where it is the only one, it is what there is.
  const end = text.lastIndexOf("\n");
  return {
    text: text.subarray(0, end === -1 ? text.length : end).toString("utf8"),
    whole: {
      size: (await git(at(place), args("-M", "--shortstat"))).trim(),
      command: from === null ? `git show ${to}` : `git diff ${from} ${to}`,
    },
  };
};

/** Those of the words that name a commit, with its whole id. */
export const commitsNamed = async (place: Place, words: readonly string[]): Promise<ReadonlyMap<string, Sha>> => {
  if (words.length === 0) return new Map();
  const lines = (await git(at(place), ["cat-file", "--batch-check=%(objecttype) %(objectname)"], `${words.join("\n")}\n`)).split("\n");
  return new Map(
    words.flatMap((word, index): [string, Sha][] => {
      const [kind, id] = (lines[index] ?? "").split(" ");
      return kind === "commit" && id !== undefined ? [[word, id]] : [];
    }),
  );
};

/** The commit that two lines have in common; null for none. */
export const mergeBase = async (place: Place, one: Sha, other: Sha): Promise<Sha | null> => {
  const ran = await runGit(at(place), ["merge-base", one, other]);
  return ran.code === 0 ? ran.stdout.toString("utf8").trim() : null;
};
