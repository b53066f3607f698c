import type { Millis } from "../model/ids.ts";
import { permission, repository } from "./answers.ts";
import { openFiles } from "./attachments.ts";
import { openBacklog } from "./backlog.ts";
import { openChecks } from "./checks.ts";
import { type Http, openHttp } from "./http.ts";
import { openIssues } from "./issues.ts";
import { openMergeQueue } from "./merge-queue.ts";
import { openOctokit, type Requester } from "./octokit.ts";
import type { GitHub, People, Reply } from "./ports.ts";
import { openPulls } from "./pulls.ts";
import { openReviews } from "./reviews.ts";
import { type Branch, openRuns } from "./runs.ts";

/** How to reach GitHub: an Octokit that knows its token, or a token and, where it is not github.com, the API's address. */
type Access = { readonly octokit: Requester } | { readonly auth: string; readonly baseUrl?: string };

export type Connection = Access & {
  readonly owner: string;
  readonly repo: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => Millis;
  /** Where pages and attachments are: `https://github.com` where nothing is said. */
  readonly serverUrl?: string;
  /** The default branch, where it is known already. */
  readonly defaultBranch?: string;
};

/**
 * GitHub for one repository. Nothing is sent twice by itself, reads are conditional, and every refusal, limit and fault is a value.
 * An Octokit that comes with throttling or retries must have them switched off: this one waits by answering `later`.
 */
export const connectGitHub = (connection: Connection): GitHub => {
  const { owner, repo, clock } = connection;
  const octokit = "octokit" in connection ? connection.octokit : openOctokit(connection.auth, connection.baseUrl);
  const http = openHttp({ octokit, owner, repo, clock });
  const branch = openDefaultBranch(http, connection.defaultBranch ?? null);
  return {
    issues: openIssues(http, clock),
    backlog: openBacklog(http),
    pulls: { ...openPulls(http, { owner, repo }), ...openReviews(http, clock) },
    checks: openChecks(http, clock),
    queue: openMergeQueue(http),
    runs: openRuns(http, branch),
    people: openPeople(http),
    files: openFiles(connection.serverUrl ?? "https://github.com", `${owner}/${repo}`),
    defaultBranch: branch.read,
    requests: http.requests,
    serverTime: http.serverTime,
  };
};

const openDefaultBranch = (http: Http, told: string | null): Branch => {
  let known = told;
  return {
    read: async (): Promise<Reply<string>> => {
      if (known !== null) return { ok: true, value: known };
      const reply = await http.get({ route: "GET /repos/{owner}/{repo}", schema: repository });
      if (!reply.ok) return reply;
      known = reply.value.default_branch;
      return { ok: true, value: known };
    },
    forget: () => {
      known = null;
    },
  };
};

const openPeople = (http: Http): People => ({
  permission: async (login) => {
    const reply = await http.get({
      route: "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
      parameters: { username: login },
      schema: permission,
    });
    return !reply.ok && reply.failure.kind === "refused" && reply.failure.code === "not-found" ? { ok: true, value: "none" } : reply;
  },
});
