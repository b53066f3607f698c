import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ConfigText } from "../../core/config/read-config.ts";
import { readBlobs } from "../git/git-objects.ts";
import { type TimerStarter, runGitOrThrow, GitError, runGit, type GitContext } from "../git/run-git.ts";
import { listTree } from "../git/git-tree.ts";

export type OrganisationOptions = {
  /** Of one of its repositories: `https://github.com/<organisation>/<name>.git`. */
  readonly url: string;
  /** A directory of our own: a cache. */
  readonly directory: string;
  readonly after: TimerStarter;
  /** What was read is taken for so many milliseconds, by this clock. */
  readonly refreshMs: number;
  readonly now: () => number;
};

const ORGANISATION_REF = "refs/enki/organisation";
/** What git says where there is no such repository, or none that everybody may read. */
const NO_REPOSITORY_PATTERN =
  /could not read Username|not found|does not appear to be a git repository|does not exist|Authentication failed/i;

/**
 * What an organisation says for all its repositories: `enki/enki.toml`, `enki/roles/*.toml` and `enki/workflows/*.md` on the default branch of its repository `.github`.
 * Read without a token, so that the coordinator and every job see the same: of a private one nobody sees anything. The same list while nothing changed.
 */
export const openOrganisationConfig = ({
  url,
  directory,
  after,
  refreshMs,
  now,
}: OrganisationOptions): (() => Promise<readonly ConfigText[]>) => {
  const from = join(dirname(url), ".github.git").replace(/^(https?:\/)(?=[^/])/, "$1/");
  const at: GitContext = { directory, after };
  let known: { readonly commit: string; readonly texts: readonly ConfigText[] } = { commit: "", texts: [] };
  let until = 0;
  return async () => {
    if (now() < until) return known.texts;
    await mkdir(directory, { recursive: true });
    const commit = await readRemoteHead(at, from);
    if (commit !== known.commit) known = { commit, texts: commit === "" ? [] : await readOrganisationFiles(at, from) };
    until = now() + refreshMs;
    return known.texts;
  };
};

/** Empty where there is none. Throws where that cannot be found out: what holds for everybody may not be left out by accident. */
const readRemoteHead = async (at: GitContext, from: string): Promise<string> => {
  const asked = await runGit(at, ["ls-remote", "--quiet", from, "HEAD"]);
  if (asked.code === 0) return asked.stdout.toString("utf8").slice(0, 40);
  if (NO_REPOSITORY_PATTERN.test(asked.stderr)) return "";
  throw new GitError(`git ls-remote ${from}: ${asked.stderr.trim()}`);
};

const readOrganisationFiles = async (at: GitContext, from: string): Promise<ConfigText[]> => {
  await runGitOrThrow(at, ["init", "-q", "--bare", "."]);
  const quiet = ["-q", "--depth", "1", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
  await runGitOrThrow(at, ["fetch", ...quiet, from, `+HEAD:${ORGANISATION_REF}`]);
  const files = [...(await listTree(at, ORGANISATION_REF))].filter(([path]) =>
    /^enki\/(?:(?:enki|roles\/[^/]+)\.toml|workflows\/[^/]+\.md)$/.test(path),
  );
  const blobs = await readBlobs(
    at,
    files.map(([, { sha }]) => sha),
  );
  return files.map(([path, { sha }]) => ({ path: `.github/${path}`, text: blobs.get(sha)?.toString("utf8") ?? "" }));
};
