import type { GitHubPorts, LineHistory, ListedIssue, GitHubReply } from "../../src/github/github-ports.ts";
import type { JobInputs } from "../../src/core/domain/effect.ts";
import {
  type RepositoryPermission,
  type Pull,
  type Review,
  type WorkflowRunInfo,
  UNKNOWN_RULES,
  type GitHubComment,
  type IssueChange,
} from "../../src/core/domain/github-facts.ts";

import type { LineComment } from "../../src/core/domain/line-comment.ts";
import { ownRun } from "./build.ts";

const yes = <T>(value: T): Promise<GitHubReply<T>> => Promise.resolve({ ok: true, value });

/** Implements GitHub's ports over lists in memory; branches come from the repository behind them. */
export const memoryGitHub = (refOf: (branch: string) => string | null, contains: (commit: string, branch: string) => boolean) => {
  const state = {
    comments: [] as GitHubComment[],
    /** Edited comments, also within the second of their creation. */
    editedComments: new Set<number>(),
    created: [] as ListedIssue[],
    changes: [] as IssueChange[],
    issues: {} as Record<number, { title: string; body: string; by: string }>,
    pulls: [] as (Pull & { title: string; body: string })[],
    reviews: new Map<number, Review[]>(),
    lines: [] as LineComment[],
    histories: [] as LineHistory[],
    runs: [] as (WorkflowRunInfo & { inputs: JobInputs })[],
    /** `<run> <name>` of each artifact. */
    artifacts: [] as string[],
    reviewRequests: [] as { pull: number; login: string }[],
    statuses: [] as { commit: string; state: string; text: string }[],
    reactions: [] as string[],
    closed: [] as number[],
    backlog: [] as { issue: number; title: string; body: string; created: number; open: boolean }[],
    permissions: { maintainer: "write" } as Record<string, RepositoryPermission>,
    sent: 0,
  };
  const sent = <T>(value: T): Promise<GitHubReply<T>> => {
    state.sent += 1;
    return yes(value);
  };
  const answers = new Map<string, string>();
  /** Reads conditionally: GitHub does not count a read with an unchanged answer. */
  const unlessSame = <T>(key: string, value: T): Promise<GitHubReply<T>> => {
    const text = JSON.stringify(value);
    const isSame = answers.get(key) === text;
    answers.set(key, text);
    return isSame ? yes(value) : sent(value);
  };
  const now = (pull: Pull): Pull => {
    const head = refOf(pull.headRef) ?? pull.head;
    return { ...pull, head, state: pull.state === "open" && contains(head, pull.baseBranch) ? "merged" : pull.state };
  };
  const github: GitHubPorts = {
    issues: {
      changedSince: () => sent(state.created),
      changesSince: () => sent(state.changes),
      read: (issue) => {
        const { title, body, by } = state.issues[issue] ?? { title: `Issue ${issue}`, body: "", by: "maintainer" };
        const comments = state.comments.filter((each) => each.issue === issue).length;
        return sent({ title, body, by, bot: false, created: 0, updated: 0, onPull: false, comments });
      },
      textsAt: () => sent({ title: { kind: "same" }, body: { kind: "same" } }),
      commentsPage: (issue, page) =>
        sent(
          state.comments
            .filter((each) => each.issue === issue)
            .slice((page - 1) * 100, page * 100)
            .map((each) => ({ ...each, member: false })),
        ),
      commentsSince: (since) => sent({ comments: state.comments.filter((each) => each.updated >= since), until: since }),
      commentsOn: (issue) => sent(state.comments.filter((each) => each.issue === issue)),
      comment: (issue, body) => {
        const id = 1_000 + state.comments.length;
        state.comments.push({ id, issue, onPull: false, by: "enki[bot]", bot: true, body, created: id, updated: id });
        return sent({ comment: id });
      },
      commentEdits: (issue) =>
        sent(state.comments.filter((each) => each.issue === issue).map(({ id }) => ({ id, edited: state.editedComments.has(id) }))),
      readComment: (comment) => {
        const there = state.comments.find(({ id }) => id === comment);
        return there ? sent(there) : Promise.resolve({ ok: false, failure: { kind: "refused", code: "not-found", reason: "deleted" } });
      },
      editComment: (comment, body) => {
        state.comments = state.comments.map((each) => (each.id === comment ? { ...each, body } : each));
        return sent(null);
      },
      deleteComment: (comment) => {
        state.comments = state.comments.filter((each) => each.id !== comment);
        return sent(null);
      },
      react: (target, reaction) => {
        state.reactions.push(`${"id" in target ? target.id : `#${target.number}`}:${reaction}`);
        return sent(null);
      },
      closeIssue: (issue) => {
        state.closed.push(issue);
        return sent(null);
      },
    },
    files: {
      server: "https://github.com",
      repository: "octo/demo",
      read: () => Promise.resolve({ kind: "unread", reason: "nothing is attached" }),
    },
    backlog: {
      list: () =>
        sent(state.backlog.filter(({ open }) => open).map(({ issue, title, body, created }) => ({ issue, title, body, created }))),
      find: (marker) => {
        const found = state.backlog.find(({ body }) => body.startsWith(marker));
        return sent(found ? { issue: found.issue } : null);
      },
      open: ({ title, body }) => {
        const issue = 500 + state.backlog.length;
        state.backlog.push({ issue, title, body, created: issue, open: true });
        return sent({ issue });
      },
      edit: ({ issue, title, body }) => {
        state.backlog = state.backlog.map((each) => (each.issue === issue ? { ...each, title, body } : each));
        return sent(null);
      },
      close: (issue) => {
        state.backlog = state.backlog.map((each) => (each.issue === issue ? { ...each, open: false } : each));
        return sent(null);
      },
    },
    pulls: {
      read: (number) => {
        const pull = state.pulls.find((each) => each.number === number);
        return sent({ baseBranch: pull?.baseBranch ?? "main", headRef: pull?.headRef ?? "", head: pull?.head ?? "", changedFiles: 0 });
      },
      files: () => sent([]),
      pushers: () => sent(null),
      list: () =>
        unlessSame(
          "pulls",
          state.pulls.map((pull) => now(pull)),
        ),
      open: ({ head, base, title, body }) => {
        const open = state.pulls.find((pull) => pull.headRef === head && now(pull).state === "open");
        if (open) return sent({ pull: open.number });
        const number = 10 + state.pulls.length;
        state.pulls.push({
          number,
          headRef: head,
          head: refOf(head) ?? "",
          baseBranch: base,
          state: "open",
          draft: false,
          labels: [],
          hasActivity: false,
          title,
          body,
        });
        return sent({ pull: number });
      },
      find: (head) => {
        const pull = state.pulls.map((each) => now(each)).find((each) => each.headRef === head && each.state !== "closed");
        return sent(pull ? { pull: pull.number } : null);
      },
      edit: (pull, body) => {
        state.pulls = state.pulls.map((each) => (each.number === pull ? { ...each, body } : each));
        return sent(null);
      },
      close: (pull) => {
        state.pulls = state.pulls.map((each) => (each.number === pull ? { ...each, state: "closed" } : each));
        return sent(null);
      },
      merge: () => sent(null),
      reviews: (pull) => sent(state.reviews.get(pull) ?? []),
      reviewsSince: (since) =>
        sent({ reviews: [...state.reviews].flatMap(([pull, all]) => all.map((review) => ({ ...review, pull }))), until: since }),
      lineComments: (pull) => sent(state.lines.filter((each) => each.pull === pull)),
      lineCommentsSince: (since) => sent({ comments: state.lines.filter((each) => each.updated >= since), until: since }),
      resolvedThreads: () => sent([]),
      lineHistories: (comments) => {
        const submitted = (id: number) => state.histories.find((each) => each.id === id) ?? [];
        return sent(comments.flatMap(({ id }) => submitted(id)));
      },
      editedReviews: () => sent([]),
      requestReview: (pull, login) => {
        state.reviewRequests.push({ pull, login });
        return sent(null);
      },
      requestedReviewers: (pull) => sent(state.reviewRequests.flatMap((each) => (each.pull === pull ? [each.login] : []))),
      reply: ({ pull, comment, body }) => {
        const first = state.lines.find((each) => each.id === comment && each.pull === pull);
        if (!first) return Promise.resolve({ ok: false, failure: { kind: "refused", code: "not-found", reason: "Not Found" } });
        const id = 5_000 + state.lines.length;
        state.lines.push({ ...first, id, thread: first.thread, by: "enki[bot]", bot: true, body, created: id, updated: id });
        return sent({ comment: id });
      },
    },
    checks: {
      list: () => sent([]),
      rules: (base) => unlessSame(`rules of ${base}`, UNKNOWN_RULES),
      mergeMethods: () => unlessSame("methods", null),
      setStatus: (status) => {
        state.statuses.push(status);
        return sent(null);
      },
    },
    queue: {
      entry: () => sent({ kind: "out", reason: null }),
      enqueue: () => sent(null),
      dequeue: () => sent(null),
    },
    runs: {
      startJob: (inputs) => {
        const id = 1 + state.runs.length;
        state.runs.push({ ...ownRun(id, `${inputs.kind}/${inputs.target}/${inputs.attempt}`), inputs });
        return sent({ run: id });
      },
      list: () => sent(state.runs),
      read: (run) => sent(state.runs.find(({ id }) => id === run) ?? null),
      artifact: (run, name) => {
        const id = state.artifacts.indexOf(`${run} ${name}`);
        return sent(id < 0 ? null : { id, run, branch: "main", commit: "a".repeat(40) });
      },
      stop: () => sent(null),
      startWorkflow: () => sent(null),
      wake: () => sent(null),
    },
    people: { permission: (login) => unlessSame(`permission of ${login}`, state.permissions[login] ?? "none") },
    defaultBranch: () => yes("main"),
    requests: () => ({ sent: state.sent, notModified: 0 }),
    serverTime: () => null,
  };
  return { github, state };
};
