import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ConfigText } from "../../core/config/read-config.ts";
import { readBlobs } from "../git/git-objects.ts";
import { type TimerStarter, runGitOrThrow, type GitContext } from "../git/run-git.ts";
import { runNetworkGitOrThrow } from "../git/run-network-git.ts";
import { listTree } from "../git/git-tree.ts";
import { readRemoteHead } from "../git/read-remote-head.ts";

export type OrganisationOptions = {
  /** Formats the URL of a repository of the organisation: `https://github.com/<organisation>/<name>.git`. */
  readonly url: string;
  /** Cache directory. */
  readonly directory: string;
  readonly after: TimerStarter;
  /** See GitContext.stop. */
  readonly stop?: AbortSignal | undefined;
  /** Milliseconds before the configuration is read again, unless it is asked for afresh. */
  readonly refreshMs: number;
  readonly now: () => number;
};

const ORGANISATION_REF = "refs/enki/organisation";
/** Gives an organisation's configuration files; `fresh` reads them again although they were read a moment ago. */
export type OrganisationReader = (fresh?: boolean) => Promise<readonly ConfigText[]>;

/**
 * Reads the configuration of an organisation: `enki/enki.toml`, `enki/roles/*.toml` and `enki/workflows/*.md` on the default branch of its `.github` repository.
 * No token is sent, so the coordinator and every job read the same files: private repositories count as missing. Unchanged configuration returns the same list.
 */
export const openOrganisationConfig = ({ url, directory, after, stop, refreshMs, now }: OrganisationOptions): OrganisationReader => {
  const from = join(dirname(url), ".github.git").replace(/^(https?:\/)(?=[^/])/, "$1/");
  const at: GitContext = { directory, after, stop };
  let known: { readonly commit: string; readonly texts: readonly ConfigText[] } = { commit: "", texts: [] };
  let until = 0;
  return async (fresh = false) => {
    if (!fresh && now() < until) return known.texts;
    await mkdir(directory, { recursive: true });
    // Throws on a network error, which must not drop the organisation's configuration.
    const commit = await readRemoteHead(at, from);
    if (commit !== known.commit) known = { commit, texts: commit === "" ? [] : await readOrganisationFiles(at, from) };
    until = now() + refreshMs;
    return known.texts;
  };
};

const readOrganisationFiles = async (at: GitContext, from: string): Promise<ConfigText[]> => {
  await runGitOrThrow(at, ["init", "-q", "--bare", "."]);
  const flags = ["--depth", "1", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
  await runNetworkGitOrThrow(at, ["fetch", ...flags, from, `+HEAD:${ORGANISATION_REF}`]);
  const files = [...(await listTree(at, ORGANISATION_REF))].filter(([path]) =>
    /^enki\/(?:(?:enki|roles\/[^/]+)\.toml|workflows\/[^/]+\.md)$/.test(path),
  );
  const blobs = await readBlobs(
    at,
    files.map(([, { sha }]) => sha),
  );
  return files.map(([path, { sha }]) => ({ path: `.github/${path}`, text: blobs.get(sha)?.toString("utf8") ?? "" }));
};
