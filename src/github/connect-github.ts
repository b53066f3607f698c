import type { Millis } from "../core/domain/ids.ts";
import { permissionSchema, repositorySchema } from "./answer-schemas.ts";
import { openAttachments } from "./open-attachments.ts";
import { openBacklog } from "./backlog-port.ts";
import { openChecks } from "./check-port.ts";
import { type GitHubHttp, openHttp } from "./github-http.ts";
import { openIssues } from "./issue-port.ts";
import { openMergeQueue } from "./merge-queue-port.ts";
import { openOctokit, type GitHubRequester } from "./open-octokit.ts";
import type { GitHubPorts, CollaboratorPort, GitHubReply } from "./github-ports.ts";
import { openPullPort } from "./pull-port.ts";
import { openReviews } from "./review-port.ts";
import { type DefaultBranchPort, openRuns } from "./run-port.ts";

/** An authenticated Octokit, or a token and the API's address (github.com by default). */
type GitHubAccess = { readonly octokit: GitHubRequester } | { readonly auth: string; readonly baseUrl?: string };

export type GitHubConnection = GitHubAccess & {
  readonly owner: string;
  readonly repo: string;
  readonly clock: () => Millis;
  /** Server of pages and attachments; `https://github.com` by default. */
  readonly serverUrl?: string;
  /** The default branch, if known. */
  readonly defaultBranch?: string;
};

/**
 * Connects to GitHub for one repository. No request is retried automatically, reads are conditional, and every refusal, limit and fault is a value.
 * An Octokit with throttling or retries must have both disabled: this client returns `later` instead of waiting.
 */
export const connectGitHub = (connection: GitHubConnection): GitHubPorts => {
  const { owner, repo, clock } = connection;
  const octokit = "octokit" in connection ? connection.octokit : openOctokit(connection.auth, connection.baseUrl);
  const http = openHttp({ octokit, owner, repo, clock });
  const branch = openDefaultBranch(http, connection.defaultBranch ?? null);
  return {
    issues: openIssues(http, clock),
    backlog: openBacklog(http),
    pulls: { ...openPullPort(http, { owner, repo }), ...openReviews(http, clock) },
    checks: openChecks(http, clock),
    queue: openMergeQueue(http),
    runs: openRuns(http, branch),
    people: openCollaborators(http),
    files: openAttachments(connection.serverUrl ?? "https://github.com", `${owner}/${repo}`),
    defaultBranch: branch.read,
    requests: http.requests,
    serverTime: http.serverTime,
  };
};

const openDefaultBranch = (http: GitHubHttp, told: string | null): DefaultBranchPort => {
  let known = told;
  return {
    read: async (): Promise<GitHubReply<string>> => {
      if (known !== null) return { ok: true, value: known };
      const reply = await http.get({ route: "GET /repos/{owner}/{repo}", schema: repositorySchema });
      if (!reply.ok) return reply;
      known = reply.value.default_branch;
      return { ok: true, value: known };
    },
    forget: () => {
      known = null;
    },
  };
};

const openCollaborators = (http: GitHubHttp): CollaboratorPort => ({
  permission: async (login) => {
    const reply = await http.get({
      route: "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
      parameters: { username: login },
      schema: permissionSchema,
    });
    return !reply.ok && reply.failure.kind === "refused" && reply.failure.code === "not-found" ? { ok: true, value: "none" } : reply;
  },
});
