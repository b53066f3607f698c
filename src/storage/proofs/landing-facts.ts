import type { Sha } from "../../core/domain/ids.ts";
import type { LandingFacts } from "../../core/proof/verify-proof.ts";
import { type GitContext, runGit } from "../git/run-git.ts";

/** A landing adds few commits to a base; a longer line cannot belong to one landing. */
const MAX_LINE_COMMITS = 5_000;

export type LandingReader = (place: LandingPlace) => Promise<LandingCommits>;

/** A clone's facts about the commits of a landing. */
type LandingCommits = Pick<LandingFacts, "tree" | "tipTree" | "baseTree" | "line">;

type IndexedCommit = { readonly tree: Sha; readonly parent: Sha | null };

/** Reads landings on the first-parent line of many commits from a single listing, and other landings separately. */
export const openLandingReader = async (at: GitContext, commits: readonly Sha[]): Promise<LandingReader> => {
  const newest = commits.at(-1);
  const index = commits.length > 1 && newest !== undefined ? await indexLine(at, newest) : new Map<Sha, IndexedCommit>();
  return (place) => {
    const found = findInIndex(index, place);
    return found ? Promise.resolve(found) : readLandingFacts(at, place);
  };
};

const indexLine = async (at: GitContext, newest: Sha): Promise<Map<Sha, IndexedCommit>> => {
  const { stdout } = await runGit(at, ["log", "--first-parent", "--format=%H %T %P", newest, "--"]);
  const rows = stdout.toString("utf8").split("\n");
  return new Map(
    rows.flatMap((row): [Sha, IndexedCommit][] => {
      const [commit = "", tree, parent = null] = row.split(" ");
      return tree === undefined ? [] : [[commit, { tree, parent: parent === "" ? null : parent }]];
    }),
  );
};

/** Reads a landing's commits from the index. Returns null if the index lacks the subject, the tip or the base. */
const findInIndex = (index: ReadonlyMap<Sha, IndexedCommit>, { subject, tip, onto }: LandingPlace): LandingCommits | null => {
  const [tree, tipTree, baseTree] = [subject, tip, onto].map((commit) => index.get(commit)?.tree);
  if (tree === undefined || tipTree === undefined || baseTree === undefined) return null;
  const commits: Sha[] = [];
  let next: Sha | null = tip;
  while (next !== null && next !== onto && commits.length < MAX_LINE_COMMITS) {
    commits.unshift(next);
    next = index.get(next)?.parent ?? null;
  }
  return { tree, tipTree, baseTree, line: { commits, onto: next } };
};

type LandingPlace = { readonly subject: Sha; readonly tip: Sha; readonly onto: Sha };

/** Reads a clone's facts about the commits of a landing, with two git processes. */
export const readLandingFacts = async (at: GitContext, { subject, tip, onto }: LandingPlace): Promise<LandingCommits> => {
  const [tree = null, tipTree = null, baseTree = null] = await readTrees(at, [subject, tip, onto]);
  return { tree, tipTree, baseTree, line: baseTree === null || tipTree === null ? null : await readLine(at, tip, onto) };
};

/** The trees of commits; missing commits have none. */
const readTrees = async (at: GitContext, commits: readonly Sha[]): Promise<(Sha | null)[]> => {
  const { stdout } = await runGit(
    at,
    ["cat-file", "--batch-check=%(objectname) %(objecttype)"],
    commits.map((commit) => `${commit}^{tree}\n`).join(""),
  );
  return stdout
    .toString("utf8")
    .split("\n")
    .map((line) => /^([0-9a-f]{40}) tree$/.exec(line)?.[1] ?? null);
};

const readLine = async (at: GitContext, tip: Sha, onto: Sha): Promise<LandingFacts["line"]> => {
  const args = ["rev-list", "--first-parent", "--parents", `--max-count=${MAX_LINE_COMMITS}`, tip, `^${onto}`, "--"];
  const { stdout, code } = await runGit(at, args);
  if (code !== 0) return null;
  const rows = stdout
    .toString("utf8")
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [line.split(" ")]))
    .reverse();
  return { commits: rows.flatMap(([commit]) => commit ?? []), onto: rows[0]?.[1] ?? null };
};
