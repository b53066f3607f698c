import { hashValue } from "../../src/core/domain/ids.ts";
import type { GitHubAnswer, GitHubRequester } from "../../src/github/open-octokit.ts";

type Parameters = Readonly<Record<string, unknown>>;
type Caller = { readonly login: string; readonly may: "write" | "read" };
type Does = (given: Parameters, caller: Caller) => unknown;
type Routes = Readonly<Record<string, Does>>;

export const SELF = "enki[bot]";

/** The fate of a request: answered, refused, lost on the way, or performed with a lost answer. */
export type Fate = "answered" | "refused" | "lost" | "unanswered";

class Refused extends Error {
  readonly status: number;
  readonly response: GitHubAnswer;
  constructor(status: number, message: string, headers: GitHubAnswer["headers"] = {}) {
    super(message);
    this.status = status;
    this.response = { status, headers, data: { message } };
  }
}

type State = ReturnType<typeof emptyState>;

const emptyState = () => ({
  comments: [] as { id: number; issue: number; by: string; body: string; updated: number }[],
  pulls: [] as { number: number; head: string; state: "open" | "closed"; merged: boolean; body?: string }[],
  reviews: [] as { id: number; pull: number; by: string; state: string; commit: string; at: number }[],
  /** Reviews with a changed text. */
  edited: [] as number[],
  /** First comments of resolved threads. */
  resolved: [] as number[],
  lines: [] as { id: number; pull: number; thread: number; by: string; body: string; at: number }[],
  /** Artifacts uploaded by jobs, by run. */
  artifacts: [] as { run: number; name: string }[],
  runs: [] as { id: number; name: string; status: string; conclusion: string | null }[],
  statuses: [] as string[],
  reactions: [] as string[],
  closed: [] as number[],
  issues: [] as {
    number: number;
    by: string;
    title: string;
    body: string;
    labels: string[];
    state: string;
    reason: string | null;
    at: number;
  }[],
  /** Changes of issues, oldest first. */
  changes: [] as { id: number; event: string; by: string; label: string; issue: number; at: number }[],
  permissions: {} as Record<string, string>,
  /** Tips of branches. */
  branches: { main: "0".repeat(40), "task/abc123-one": "a".repeat(40) } as Record<string, string>,
  /** Number of runs missing from the list. */
  lag: 0,
  sent: [] as string[],
  next: 1,
  now: Date.parse("2026-11-20T10:00:00Z"),
});

const text = (given: Parameters, name: string): string => String(given[name]);
const iso = (at: number): string => new Date(at).toISOString();
const user = (login: string) => ({ login, type: login.endsWith("[bot]") ? "Bot" : "User" });

const page = <T>(list: readonly T[], given: Parameters): readonly T[] => {
  const size = Number(given["per_page"]);
  const start = (Number(given["page"] ?? 1) - 1) * size;
  return list.slice(start, start + size);
};

const commentRoutes = (state: State): Routes => {
  const stored = (given: Parameters): State["comments"][number] => {
    const comment = state.comments.find((each) => each.id === given["comment_id"]);
    if (!comment) throw new Refused(404, "Not Found");
    return comment;
  };
  const raw = (comment: State["comments"][number]) => ({
    id: comment.id,
    issue_url: `/issues/${comment.issue}`,
    html_url: `/issues/${comment.issue}#issuecomment-${comment.id}`,
    user: user(comment.by),
    author_association: comment.by === "maintainer" ? "MEMBER" : "NONE",
    body: comment.body,
    created_at: iso(comment.updated),
    updated_at: iso(comment.updated),
  });
  const rawIssue = ({ number, by, title, body, labels, at }: State["issues"][number]) => ({
    number,
    user: user(by),
    title,
    body,
    labels: labels.map((name) => ({ name })),
    comments: state.comments.filter(({ issue }) => issue === number).length,
    created_at: iso(at),
    updated_at: iso(at),
  });
  const list = (given: Parameters, which: (comment: State["comments"][number]) => boolean) =>
    page(
      state.comments.filter((each) => which(each)),
      given,
    ).map((each) => raw(each));
  return {
    "GET /issues/{issue_number}/comments": (given) => list(given, ({ issue }) => issue === given["issue_number"]),
    "GET /issues/comments": (given) => list(given, ({ updated }) => updated >= Date.parse(text(given, "since"))),
    "POST /issues/{issue_number}/reactions": (given) =>
      void state.reactions.push(`#${text(given, "issue_number")} ${text(given, "content")}`),
    "POST /issues/{issue_number}/comments": (given, { login }) => {
      const issue = Number(given["issue_number"]);
      if (issue > 1000) throw new Refused(404, "Not Found");
      const id = state.next++;
      state.comments.push({ id, issue, by: login, body: text(given, "body"), updated: state.now });
      return { id };
    },
    "PATCH /issues/comments/{comment_id}": (given) => Object.assign(stored(given), { body: text(given, "body"), updated: state.now }),
    "DELETE /issues/comments/{comment_id}": (given) => {
      const gone = stored(given);
      state.comments = state.comments.filter((comment) => comment !== gone);
    },
    "POST /issues/comments/{comment_id}/reactions": (given) => void state.reactions.push(`${stored(given).id} ${text(given, "content")}`),
    "PATCH /issues/{issue_number}": (given) => {
      const issue = state.issues.find((each) => each.number === given["issue_number"]);
      if (!issue) return void state.closed.push(Number(given["issue_number"]));
      const { title = issue.title, body = issue.body, state: to = issue.state, state_reason: reason = null } = given;
      Object.assign(issue, { title, body, state: to, reason });
    },
    "POST /issues": (given, { login }) => {
      // The adapter always sends `labels` as an array of strings.
      const labels = given["labels"] as string[];
      const issue = {
        by: login,
        title: text(given, "title"),
        body: text(given, "body"),
        labels,
        state: "open",
        reason: null,
        at: state.now,
      };
      const number = state.next++;
      state.issues.push({ number, ...issue });
      for (const label of labels)
        state.changes.push({ id: state.next++, event: "labeled", by: login, label, issue: number, at: state.now });
      return { number };
    },
    "GET /issues": (given) =>
      page(
        state.issues
          .filter(({ labels }) => given["labels"] === undefined || labels.includes(text(given, "labels")))
          .filter(({ at }) => given["since"] === undefined || at >= Date.parse(text(given, "since")))
          .filter((issue) => given["state"] === "all" || issue.state === given["state"])
          .toReversed(),
        given,
      ).map((issue) => rawIssue(issue)),
    "GET /issues/{issue_number}": (given) => {
      const issue = state.issues.find(({ number }) => number === given["issue_number"]);
      if (!issue) throw new Refused(404, "Not Found");
      return rawIssue(issue);
    },
    "GET /issues/events": (given) =>
      page(state.changes.toReversed(), given).map(({ id, event, by, label, issue, at }) => ({
        id,
        event,
        actor: user(by),
        label: { name: label },
        issue: { number: issue },
        created_at: iso(at),
      })),
  };
};

const pullRoutes = (state: State): Routes => {
  const raw = (pull: State["pulls"][number]) => ({
    number: pull.number,
    state: pull.state,
    merged_at: pull.merged ? iso(state.now) : null,
    head: { ref: pull.head, sha: state.branches[pull.head] ?? "", repo: { full_name: "octo/demo" }, user: user("octo") },
    base: { ref: "main" },
    created_at: iso(0),
    updated_at: iso(Math.max(0, ...state.reviews.filter((review) => review.pull === pull.number).map(({ at }) => at))),
  });
  const line = ({ id, pull, thread, by, body, at }: State["lines"][number]) => {
    const { head = "" } = state.pulls.find(({ number }) => number === pull) ?? {};
    return {
      id,
      ...(thread !== id && { in_reply_to_id: thread }),
      pull_request_url: `/pulls/${pull}`,
      user: user(by),
      body,
      created_at: iso(at),
      updated_at: iso(at),
      path: `${head}.txt`,
      line: 1,
      original_line: 1,
      original_start_line: null,
      side: "RIGHT",
      diff_hunk: "@@ -0,0 +1 @@\n+1",
      original_commit_id: state.branches[head] ?? "",
    };
  };
  return {
    "GET /pulls": (given) =>
      page(
        state.pulls.filter(({ head }) => given["head"] === undefined || given["head"] === `octo:${head}`),
        given,
      ).map((pull) => raw(pull)),
    "GET /pulls/{pull_number}": (given) => {
      const pull = state.pulls.find(({ number }) => number === given["pull_number"]);
      if (!pull) throw new Refused(404, "Not Found");
      return { ...raw(pull), changed_files: 1 };
    },
    "GET /pulls/{pull_number}/files": () => [{ filename: "a.txt", additions: 1, deletions: 0, patch: "@@ -0,0 +1 @@\n+x" }],
    "POST /pulls": (given) => {
      const head = text(given, "head");
      if (state.branches[head] === undefined) throw new Refused(422, "Validation Failed: PullRequest head invalid");
      if (state.pulls.some((pull) => pull.head === head && pull.state === "open"))
        throw new Refused(422, `A pull request already exists for octo:${head}.`);
      const number = state.next++;
      state.pulls.push({ number, head, state: "open", merged: false });
      return { number };
    },
    "PATCH /pulls/{pull_number}": (given) => {
      const pull = state.pulls.find(({ number }) => number === given["pull_number"]);
      if (!pull) throw new Refused(404, "Not Found");
      if (given["state"] === "closed") pull.state = "closed";
      if (given["body"] !== undefined) pull.body = text(given, "body");
    },
    "GET /pulls/comments": (given) =>
      page(
        state.lines.filter(({ at }) => at >= Date.parse(text(given, "since"))),
        given,
      ).map((each) => line(each)),
    "GET /pulls/{pull_number}/comments": (given) =>
      page(
        state.lines.filter(({ pull }) => pull === given["pull_number"]),
        given,
      ).map((each) => line(each)),
    "POST /pulls/{pull_number}/comments/{comment_id}/replies": (given, { login }) => {
      const first = state.lines.find(({ id }) => id === given["comment_id"]);
      if (!first) throw new Refused(404, "Not Found");
      const id = state.next++;
      state.lines.push({ id, pull: first.pull, thread: first.thread, by: login, body: text(given, "body"), at: state.now });
      return { id };
    },
    "GET /pulls/{pull_number}/reviews": (given) =>
      page(
        state.reviews.filter(({ pull }) => pull === given["pull_number"]),
        given,
      ).map(({ id, by, state: verdict, commit, at }) => ({
        id,
        user: user(by),
        state: verdict,
        commit_id: commit,
        submitted_at: iso(at),
        body: "",
      })),
  };
};

const runOf = (state: State, given: Readonly<Record<string, unknown>>): State["runs"][number] => {
  const run = state.runs.find(({ id }) => id === given["run_id"]);
  if (!run) throw new Refused(404, "Not Found");
  return run;
};

/** A run that Enki started on the default branch. */
const rawRun = ({ id, name, status, conclusion }: State["runs"][number]) => ({
  id,
  display_title: name,
  status,
  conclusion,
  path: ".github/workflows/enki-step.yml",
  event: "workflow_dispatch",
  head_branch: "main",
  head_sha: "a".repeat(40),
  run_attempt: 1,
  updated_at: "2026-11-20T10:00:00Z",
  actor: { login: SELF, type: "Bot" },
  triggering_actor: { login: SELF, type: "Bot" },
  repository: { id: 1 },
  head_repository: { id: 1 },
});

const otherRoutes = (state: State): Routes => ({
  // The adapter queries the threads of a pull request, or its reviews.
  "POST /graphql": (given) => {
    const { pull } = given["variables"] as { pull: number };
    if (!state.pulls.some(({ number }) => number === pull))
      return { data: null, errors: [{ type: "NOT_FOUND", message: "No such pull request" }] };
    const threads = state.lines.filter((each) => each.pull === pull && each.thread === each.id);
    const reviews = state.reviews.filter((each) => each.pull === pull);
    const nodes = text(given, "query").includes("reviewThreads")
      ? threads.map(({ id }) => ({ isResolved: state.resolved.includes(id), comments: { nodes: [{ databaseId: id }] } }))
      : reviews.map(({ id }) => ({ databaseId: id, lastEditedAt: state.edited.includes(id) ? iso(state.now) : null }));
    return { data: { repository: { pullRequest: { list: { nodes, pageInfo: { hasNextPage: false, endCursor: null } } } } } };
  },
  "GET ": () => ({ default_branch: "main" }),
  "GET /collaborators/{username}/permission": (given) => {
    const permission = state.permissions[text(given, "username")];
    if (permission === undefined) throw new Refused(404, "Not Found");
    return { permission };
  },
  "POST /statuses/{sha}": (given) => {
    if (!Object.values(state.branches).includes(text(given, "sha")))
      throw new Refused(422, `No commit found for SHA: ${text(given, "sha")}`);
    state.statuses.push(`${text(given, "sha")} ${text(given, "state")}`);
  },
  "POST /actions/workflows/{workflow_id}/dispatches": (given) => {
    // The adapter always sends these `inputs` for a job.
    const { kind, target, attempt, title } = given["inputs"] as Record<string, string>;
    const id = state.next++;
    state.runs.push({ id, name: `${kind}/${target}/${attempt}${title ? ` · ${title}` : ""}`, status: "in_progress", conclusion: null });
    return { workflow_run_id: id };
  },
  "GET /actions/workflows/{workflow_id}/runs": () => ({
    workflow_runs: state.runs
      .slice(0, state.runs.length - state.lag)
      .reverse()
      .map(rawRun),
  }),
  "GET /actions/runs/{run_id}": (given) => rawRun(runOf(state, given)),
  "GET /actions/runs/{run_id}/artifacts": (given) => {
    const run = runOf(state, given);
    const names = state.artifacts.flatMap(({ run: of, name }) => (of === run.id && name === given["name"] ? [name] : []));
    const of = { id: run.id, head_branch: "main", head_sha: "a".repeat(40) };
    return { artifacts: names.map((name, id) => ({ id, name, workflow_run: of })) };
  },
  "POST /actions/runs/{run_id}/cancel": (given) => {
    const run = state.runs.find(({ id }) => id === given["run_id"]);
    if (!run) throw new Refused(404, "Not Found");
    if (run.status === "completed") throw new Refused(409, "Cannot cancel a workflow run that is completed.");
    Object.assign(run, { status: "completed", conclusion: "cancelled" });
  },
});

/**
 * Opens a GitHub in memory behind Octokit's `request`, which records writes and loses answers on a test's command. Its contract is the same as
 * the other doubles'.
 */
export const memoryGitHub = (fate: (route: string) => Fate = () => "answered") => {
  const state = emptyState();
  const routes: Routes = { ...commentRoutes(state), ...pullRoutes(state), ...otherRoutes(state) };

  const as = (caller: Caller): GitHubRequester => ({
    request: async (route, parameters = {}) => {
      await Promise.resolve();
      const short = route.replace("/repos/{owner}/{repo}", "");
      const does = routes[short];
      if (!does) throw new Error(`the test's GitHub does not know ${route}`);
      state.sent.push(short);
      state.now += 1_000;
      const end = fate(short);
      const date = new Date(state.now).toUTCString();
      if (end === "refused" || (caller.may === "read" && !short.startsWith("GET")))
        throw new Refused(403, "Resource not accessible by integration", { date });
      if (end === "lost") throw new Error("socket hang up");
      const data = structuredClone(does(parameters, caller) ?? {});
      if (end === "unanswered") throw new Error("socket hang up");
      const etag = hashValue(data);
      const { "if-none-match": known } = (parameters["headers"] ?? {}) as Record<string, string>;
      if (known === etag) throw new Refused(304, "Not modified", { date });
      return { status: 200, headers: { date, ...(short.startsWith("GET") ? { etag } : {}) }, data };
    },
  });
  return { octokit: as({ login: SELF, may: "write" }), as, state };
};
