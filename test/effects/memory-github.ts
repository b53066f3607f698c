import type { Answer, Requester } from "../../src/github/octokit.ts";

type Parameters = Readonly<Record<string, unknown>>;
type Stored = { id: number; issue: number; by: string; body: string };

export const SELF = "enki[bot]";

/** What becomes of a request: it is answered, refused, lost on its way, or done with its answer lost. */
export type Fate = "answered" | "refused" | "lost" | "unanswered";

class Refused extends Error {
  readonly status: number;
  readonly response: Answer;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
    this.response = { status, headers: {}, data: { message } };
  }
}

const text = (parameters: Parameters, name: string): string => String(parameters[name]);

/** A GitHub in memory behind Octokit's `request`: it keeps what it is told and loses answers when a test says so. */
export const memoryGitHub = (fate: (route: string) => Fate = () => "answered") => {
  const state = {
    comments: [] as Stored[],
    pulls: [] as { number: number; head: string; state: "open" | "closed"; merged: boolean }[],
    runs: [] as { id: number; name: string; status: string }[],
    statuses: [] as string[],
    reactions: [] as string[],
    closed: [] as number[],
    stopped: [] as number[],
    permissions: {} as Record<string, string>,
    /** Runs that the list does not show yet. */
    lag: 0,
    sent: [] as string[],
    next: 1,
  };
  const id = (): number => state.next++;
  const stored = (parameters: Parameters): Stored => {
    const comment = state.comments.find((each) => each.id === Number(parameters["comment_id"]));
    if (!comment) throw new Refused(404, "Not Found");
    return comment;
  };
  const rawComment = (comment: Stored) => ({
    id: comment.id,
    issue_url: `/issues/${comment.issue}`,
    user: { login: comment.by, type: comment.by === SELF ? "Bot" : "User" },
    body: comment.body,
    created_at: "2026-11-20T10:00:00Z",
    updated_at: "2026-11-20T10:00:00Z",
  });

  const comments: Record<string, (parameters: Parameters) => unknown> = {
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments": (given) =>
      given["page"] === 1 ? state.comments.filter(({ issue }) => issue === given["issue_number"]).map((each) => rawComment(each)) : [],
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments": (given) => {
      const comment = { id: id(), issue: Number(given["issue_number"]), by: SELF, body: text(given, "body") };
      state.comments.push(comment);
      return { id: comment.id };
    },
    "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}": (given) => {
      stored(given).body = text(given, "body");
    },
    "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}": (given) => {
      const gone = stored(given);
      state.comments = state.comments.filter((comment) => comment !== gone);
    },
    "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions": (given) =>
      void state.reactions.push(`${text(given, "comment_id")} ${text(given, "content")}`),
  };

  const rawPull = (pull: (typeof state.pulls)[number]) => ({
    number: pull.number,
    state: pull.state,
    merged_at: pull.merged ? "2026-11-20T10:00:00Z" : null,
    head: { ref: pull.head, sha: "a".repeat(40), repo: { full_name: "octo/demo" }, user: { login: "octo", type: "User" } },
    base: { ref: "main" },
  });

  const others: Record<string, (parameters: Parameters) => unknown> = {
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission": (given) => ({
      permission: state.permissions[text(given, "username")] ?? "none",
    }),
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews": () => [],
    "GET /repos/{owner}/{repo}": () => ({ default_branch: "main" }),
    "PATCH /repos/{owner}/{repo}/issues/{issue_number}": (given) => void state.closed.push(Number(given["issue_number"])),
    "GET /repos/{owner}/{repo}/pulls": (given) =>
      state.pulls.filter(({ head }) => given["head"] === undefined || given["head"] === `octo:${head}`).map((pull) => rawPull(pull)),
    "POST /repos/{owner}/{repo}/pulls": (given) => {
      const head = text(given, "head");
      if (state.pulls.some((pull) => pull.head === head && pull.state === "open"))
        throw new Refused(422, `A pull request already exists for octo:${head}.`);
      const number = id();
      state.pulls.push({ number, head, state: "open", merged: false });
      return { number };
    },
    "PATCH /repos/{owner}/{repo}/pulls/{pull_number}": (given) => {
      for (const pull of state.pulls) if (pull.number === given["pull_number"]) pull.state = "closed";
    },
    "POST /repos/{owner}/{repo}/statuses/{sha}": (given) => void state.statuses.push(`${text(given, "sha")} ${text(given, "state")}`),
    "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches": (given) => {
      // `inputs` is what the adapter sends for a job.
      const { kind, target, attempt } = given["inputs"] as Record<string, string>;
      const run = { id: id(), name: `${kind}/${target}/${attempt}`, status: "in_progress" };
      state.runs.push(run);
      return { workflow_run_id: run.id };
    },
    "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs": () => ({
      workflow_runs: state.runs
        .slice(0, state.runs.length - state.lag)
        .reverse()
        .map(({ id, name, status }) => ({ id, display_title: name, status, conclusion: null })),
    }),
    "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel": (given) => void state.stopped.push(Number(given["run_id"])),
  };

  const octokit: Requester = {
    request: async (route, parameters = {}) => {
      await Promise.resolve();
      state.sent.push(route.replace("/repos/{owner}/{repo}", ""));
      const does = { ...comments, ...others }[route];
      if (!does) throw new Error(`the test's GitHub does not know ${route}`);
      const end = fate(route);
      if (end === "refused") throw new Refused(403, "Resource not accessible by integration");
      if (end === "lost") throw new Error("socket hang up");
      const data = does(parameters) ?? {};
      if (end === "unanswered") throw new Error("socket hang up");
      return { status: 200, headers: {}, data };
    },
  };
  return { octokit, state };
};
