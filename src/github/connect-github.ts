import type { Millis } from "../model/ids.ts";
import { anything, permission, repository } from "./answers.ts";
import { openBacklog } from "./backlog.ts";
import { type Http, openHttp } from "./http.ts";
import { openIssues } from "./issues.ts";
import { openOctokit, type Requester } from "./octokit.ts";
import type { Checks, GitHub, People, Reply } from "./ports.ts";
import { openPulls } from "./pulls.ts";
import { type Branch, openRuns } from "./runs.ts";

/** The name of our status on candidates and heads. */
const STATUS_CONTEXT = "enki/refinery";
const LONGEST_DESCRIPTION = 140;

/** How to reach GitHub: an Octokit that knows its token, or a token and, where it is not github.com, the API's address. */
type Access = { readonly octokit: Requester } | { readonly auth: string; readonly baseUrl?: string };

export type Connection = Access & {
  readonly owner: string;
  readonly repo: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => Millis;
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
    pulls: openPulls(http, { owner, repo }),
    checks: openChecks(http),
    runs: openRuns(http, branch),
    people: openPeople(http),
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

/** Cut between characters, never inside one. */
const cut = (text: string): string => {
  const characters = Array.from(text);
  return characters.length <= LONGEST_DESCRIPTION ? text : `${characters.slice(0, LONGEST_DESCRIPTION - 1).join("")}…`;
};

const openChecks = (http: Http): Checks => ({
  setStatus: ({ commit, state, text }) =>
    http.send({
      route: "POST /repos/{owner}/{repo}/statuses/{sha}",
      parameters: { sha: commit, state, description: cut(text), context: STATUS_CONTEXT },
      schema: anything,
    }),
});

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
