import { type GitContext, GitError } from "./run-git.ts";
import { runNetworkGit } from "./run-network-git.ts";
import { MINUTE_MS } from "../../core/domain/durations.ts";

/** Git's message for a repository that is missing or not public. */
const NO_REPOSITORY_PATTERN =
  /could not read Username|not found|does not appear to be a git repository|does not exist|Authentication failed/i;
/** The statuses of a repository that is missing or not public. */
const NO_REPOSITORY_STATUSES: readonly number[] = [401, 403, 404];
const HTTP_TIMEOUT_MS = MINUTE_MS;

/**
 * The commit of a remote's default branch, asked for without a token; empty if the repository is missing, empty or not public. Throws on any
 * other failure.
 */
export const readRemoteHead = (at: GitContext, url: string): Promise<string> =>
  /^https?:/.test(url) ? readHeadByHttp(at, url) : readHeadByGit(at, url);

const readHeadByGit = async (at: GitContext, url: string): Promise<string> => {
  const asked = await runNetworkGit(at, ["ls-remote", "--quiet", url, "HEAD"]);
  if (asked.code === 0) return asked.stdout.toString("utf8").slice(0, 40);
  if (NO_REPOSITORY_PATTERN.test(asked.stderr)) return "";
  throw new GitError(`git ls-remote ${url}: ${asked.stderr.trim()}`);
};

/** Sends git's request without a process. A server names HEAD first. */
const readHeadByHttp = async ({ after, stop, timeoutMs = HTTP_TIMEOUT_MS }: GitContext, url: string): Promise<string> => {
  const limit = new AbortController();
  const cancel = after(timeoutMs, () => limit.abort());
  try {
    const signal = stop ? AbortSignal.any([stop, limit.signal]) : limit.signal;
    const answer = await fetch(`${url}/info/refs?service=git-upload-pack`, { signal, headers: { "user-agent": "git/enki" } });
    const text = await answer.text();
    if (NO_REPOSITORY_STATUSES.includes(answer.status)) return "";
    if (!answer.ok || !text.includes("service=git-upload-pack")) throw new GitError(`${url} answered with ${answer.status}`);
    return /^(?:0000)?[0-9a-f]{4}([0-9a-f]{40}) HEAD\0/m.exec(text)?.[1] ?? "";
  } catch (error) {
    if (error instanceof GitError) throw error;
    throw new GitError(`${url}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    cancel();
  }
};
