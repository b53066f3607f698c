import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GitHubPorts, GitHubReply } from "../../src/github/github-ports.ts";
import { BACKLOG_LABEL } from "../../src/core/domain/backlog-item.ts";
import type { JobInputs } from "../../src/core/domain/effect.ts";
import { isOwnRun } from "../../src/core/policy/run-origin.ts";
import type { Login, Sha } from "../../src/core/domain/ids.ts";

/** A repository with one open issue without comments, and `enki-step.yml` on its default branch `main`. */
export type ContractStage = {
  /** As Enki's bot, with every right that it needs. */
  readonly github: GitHubPorts;
  readonly self: Login;
  /** As a person with write permission. */
  readonly person: GitHubPorts;
  readonly maintainer: Login;
  /** With a token that may read only. */
  readonly reader: GitHubPorts;
  readonly issue: number;
  /** Makes a branch with one commit of its own on `main`, or adds a commit to it. */
  readonly push: (branch: string) => Promise<Sha>;
  readonly review: (pull: number, verdict: "APPROVE" | "REQUEST_CHANGES") => Promise<void>;
  /** A person comments on a line of a pull request's diff; gives the comment. */
  readonly comment: (pull: number, body: string) => Promise<number>;
  /** A person resolves the thread of a comment. */
  readonly resolve: (pull: number, comment: number) => Promise<void>;
  /** A person changes the text of a review. */
  readonly editReview: (pull: number, review: number) => Promise<void>;
  /** A job of a run uploads an artifact. */
  readonly upload: (run: number, name: string) => void;
  /** Resolves when what lags behind (run lists, run ends) has caught up. */
  readonly settle: () => Promise<void>;
  readonly close: () => Promise<void>;
};

const value = <T>(reply: GitHubReply<T>): T => {
  if (!reply.ok) throw new Error(`${reply.failure.kind}: ${reply.failure.reason}`);
  return reply.value;
};

const refusal = (reply: GitHubReply<unknown>): string => {
  if (reply.ok) throw new Error("expected a refusal");
  return reply.failure.kind === "refused" ? reply.failure.code : `later: ${reply.failure.reason}`;
};

const inputs: JobInputs = { kind: "work", execution: "abc123", step: "one", attempt: "1", target: "abc123-one" };
const UNKNOWN = "0123456789".repeat(4);
const pull = (head: string) => ({ head, base: "main", title: "One", body: "Words." });

/** What `GitHub` promises, for whatever is at the other end of the adapter. */
export const githubContract = (name: string, connect: () => Promise<ContractStage>): void => {
  describe(`GitHub's contract, fulfilled by ${name}`, () => {
    let stage: ContractStage;
    beforeEach(async () => {
      stage = await connect();
    });
    afterEach(() => stage.close());

    comments(() => stage);
    backlog(() => stage);
    pulls(() => stage);
    reviewing(() => stage);
    runs(() => stage);
    rest(() => stage);
  });
};

const comments = (on: () => ContractStage): void => {
  test("a comment is listed with its author, edited in place and removed", async () => {
    const { github, self, issue } = on();
    const { comment } = value(await github.issues.comment(issue, "It runs."));
    expect(value(await github.issues.commentsOn(issue))).toMatchObject([{ id: comment, issue, by: self, bot: true, body: "It runs." }]);
    value(await github.issues.editComment(comment, "It landed."));
    expect(value(await github.issues.commentsOn(issue))).toMatchObject([{ id: comment, body: "It landed." }]);
    value(await github.issues.deleteComment(comment));
    expect(value(await github.issues.commentsOn(issue))).toEqual([]);
    value(await github.issues.deleteComment(comment));
  });

  test("a person is not a bot", async () => {
    const { github, person, maintainer, issue } = on();
    value(await person.issues.comment(issue, "/enki fix it"));
    expect(value(await github.issues.commentsOn(issue))).toMatchObject([{ by: maintainer, bot: false, body: "/enki fix it" }]);
  });

  test("a sweep misses no comment and returns where the next one starts", async () => {
    const { github, person, issue } = on();
    const first = value(await person.issues.comment(issue, "one"));
    const swept = value(await github.issues.commentsSince(0));
    expect(swept.comments.map(({ id }) => id)).toEqual([first.comment]);
    const second = value(await person.issues.comment(issue, "two"));
    const next = value(await github.issues.commentsSince(swept.until));
    expect(next.comments.map(({ id }) => id)).toContain(second.comment);
    expect(next.until).toBeGreaterThanOrEqual(swept.until);
  });

  test("more than a hundred comments are all listed, oldest first", async () => {
    const { github, person, issue } = on();
    const made: number[] = [];
    for (let count = 0; count < 101; count += 1) made.push(value(await person.issues.comment(issue, String(count))).comment);
    expect(value(await github.issues.commentsOn(issue)).map(({ id }) => id)).toEqual(made);
    expect(value(await github.issues.commentsSince(0)).comments.map(({ id }) => id)).toEqual(made);
  });

  test("a repeated reaction counts once, and an issue may be closed twice", async () => {
    const { github, person, issue } = on();
    const { comment } = value(await person.issues.comment(issue, "/enki fix it"));
    value(await github.issues.react({ kind: "comment", id: comment }, "eyes"));
    value(await github.issues.react({ kind: "comment", id: comment }, "eyes"));
    value(await github.issues.closeIssue(issue));
    value(await github.issues.closeIssue(issue));
  });

  test("reads an issue with its text, author and number of comments, and pages of comments", async () => {
    const { github, person, maintainer, self, issue } = on();
    value(await person.issues.comment(issue, "one"));
    value(await github.issues.comment(issue, "two"));
    expect(value(await github.issues.read(issue))).toMatchObject({ onPull: false, bot: false, comments: 2 });
    expect(value(await github.issues.commentsPage(issue, 1))).toMatchObject([
      { by: maintainer, member: true, body: "one" },
      { by: self, bot: true, body: "two" },
    ]);
    expect(value(await github.issues.commentsPage(issue, 2))).toEqual([]);
    expect(refusal(await github.issues.read(987_654))).toBe("not-found");
  });

  test("lists changed issues and issue events since a time", async () => {
    const { github, person, maintainer, issue } = on();
    const { issue: made } = value(await person.backlog.open({ title: "Uploads fail", body: "Always." }));
    const created = value(await github.issues.changedSince(0));
    expect(created.find((each) => each.issue === made)).toMatchObject({
      title: "Uploads fail",
      body: "Always.",
      by: maintainer,
      onPull: false,
      labels: [BACKLOG_LABEL],
      assignees: [],
      open: true,
    });
    expect(created.map((each) => each.issue)).toContain(issue);
    const changes = value(await github.issues.changesSince(0));
    expect(changes).toContainEqual(
      expect.objectContaining({ issue: made, action: "labeled", by: maintainer, bot: false, label: BACKLOG_LABEL }),
    );
    const later = Math.max(...changes.map(({ at }) => at)) + 1_000;
    expect(value(await github.issues.changesSince(later))).toEqual([]);
    expect(value(await github.issues.changedSince(later))).toEqual([]);
  });

  test("reads a pull request with its base, head and changed files", async () => {
    const { github, push } = on();
    const head = await push("task/abc123-one");
    const { pull: number } = value(await github.pulls.open(pull("task/abc123-one")));
    const files = value(await github.pulls.files(number));
    expect(value(await github.pulls.read(number))).toEqual({
      baseBranch: "main",
      headRef: "task/abc123-one",
      head,
      changedFiles: files.length,
    });
    expect(files).toEqual([{ path: expect.any(String), added: 1, removed: 0, patch: expect.stringMatching(/^@@ -0,0 \+1 @@\n\+/) }]);
  });

  test("adds a reaction to an issue; repeating it changes nothing", async () => {
    const { github, issue } = on();
    value(await github.issues.react({ kind: "issue", number: issue }, "eyes"));
    value(await github.issues.react({ kind: "issue", number: issue }, "eyes"));
  });

  test("refuses a missing object as not found", async () => {
    const { github } = on();
    expect(refusal(await github.issues.comment(987_654, "x"))).toBe("not-found");
    expect(refusal(await github.issues.editComment(987_654, "x"))).toBe("not-found");
    expect(refusal(await github.issues.react({ kind: "comment", id: 987_654 }, "eyes"))).toBe("not-found");
    expect(refusal(await github.pulls.close(987_654))).toBe("not-found");
    expect(refusal(await github.pulls.edit(987_654, "x"))).toBe("not-found");
  });

  test("refuses a read-only token as not allowed", async () => {
    const { reader, issue } = on();
    expect(refusal(await reader.issues.comment(issue, "x"))).toBe("not-allowed");
    expect(value(await reader.issues.commentsOn(issue))).toEqual([]);
  });
};

const backlog = (on: () => ContractStage): void => {
  const item = (words: string) => ({ title: words, body: `<!-- enki:backlog:abc -->\n${words}` });

  test("lists a backlog item without its hidden line, edits it in place, and omits it when closed", async () => {
    const { github } = on();
    const first = value(await github.backlog.open(item("First")));
    const second = value(await github.backlog.open({ title: "Second", body: "Words." }));
    expect(value(await github.backlog.list())).toMatchObject([
      { ...second, title: "Second", body: "Words." },
      { ...first, title: "First", body: "First" },
    ]);
    value(await github.backlog.edit({ issue: second.issue, title: "Other", body: "Other words." }));
    value(await github.backlog.close(first.issue, "not_planned"));
    value(await github.backlog.close(first.issue, "not_planned"));
    expect(value(await github.backlog.list())).toMatchObject([{ ...second, title: "Other", body: "Other words." }]);
  });

  test("finds Enki's own item by its hidden line, open or closed, only with the label", async () => {
    const { github, self, maintainer, person } = on();
    const marker = "<!-- enki:backlog:abc -->";
    expect(value(await github.backlog.find(marker, self))).toBeNull();
    value(await person.backlog.open(item("Theirs")));
    expect(value(await github.backlog.find(marker, self))).toBeNull();
    const ours = value(await github.backlog.open(item("Ours")));
    expect(value(await github.backlog.find(marker, self))).toEqual(ours);
    value(await github.backlog.close(ours.issue, "completed"));
    expect(value(await github.backlog.find(marker, self))).toEqual(ours);
    expect(value(await github.backlog.find(marker, maintainer))).not.toEqual(ours);
    expect(value(await github.backlog.list())).toMatchObject([{ title: "Theirs" }]);
  });
};

const pulls = (on: () => ContractStage): void => {
  test("opens one pull request per head, finds it by the head, and follows the head", async () => {
    const { github, push } = on();
    const head = await push("task/abc123-one");
    const opened = value(await github.pulls.open(pull("task/abc123-one")));
    expect(value(await github.pulls.open(pull("task/abc123-one")))).toEqual(opened);
    expect(value(await github.pulls.find("task/abc123-one", "main"))).toEqual(opened);
    expect(value(await github.pulls.list())).toEqual([
      {
        number: opened.pull,
        title: expect.any(String),
        headRef: "task/abc123-one",
        head,
        baseBranch: "main",
        state: "open",
        draft: false,
        labels: [],
        hasActivity: false,
      },
    ]);
    value(await github.pulls.edit(opened.pull, "It lands in another way."));
    const next = await push("task/abc123-one");
    expect(value(await github.pulls.list())).toMatchObject([{ number: opened.pull, head: next }]);
  });

  test("lists a closed pull request, does not find it by its head, and allows another", async () => {
    const { github, push } = on();
    await push("task/abc123-one");
    const first = value(await github.pulls.open(pull("task/abc123-one")));
    value(await github.pulls.close(first.pull));
    value(await github.pulls.close(first.pull));
    expect(value(await github.pulls.list())).toMatchObject([{ number: first.pull, state: "closed" }]);
    expect(value(await github.pulls.find("task/abc123-one", "main"))).toBeNull();
    expect(value(await github.pulls.open(pull("task/abc123-one"))).pull).not.toBe(first.pull);
  });

  test("refuses a pull request without a head branch as invalid", async () => {
    const { github } = on();
    expect(refusal(await github.pulls.open(pull("task/abc123-none")))).toBe("invalid");
  });

  test("lists reviews with their head, oldest first", async () => {
    const { github, maintainer, push, review } = on();
    const head = await push("task/abc123-one");
    const opened = value(await github.pulls.open(pull("task/abc123-one")));
    expect(value(await github.pulls.reviews(opened.pull))).toEqual([]);
    await review(opened.pull, "REQUEST_CHANGES");
    await review(opened.pull, "APPROVE");
    const who = { by: maintainer, bot: false, head };
    expect(value(await github.pulls.reviews(opened.pull))).toMatchObject([
      { ...who, verdict: "changes-requested" },
      { ...who, verdict: "approved" },
    ]);
  });
};

const reviewing = (on: () => ContractStage): void => {
  const open = async () => {
    const stage = on();
    const head = await stage.push("task/abc123-one");
    return { ...stage, head, ...value(await stage.github.pulls.open(pull("task/abc123-one"))) };
  };

  test("lists line comments with their lines; an answer belongs to the thread of the first", async () => {
    const { github, self, maintainer, head, pull, comment } = await open();
    expect(value(await github.pulls.lineComments(pull))).toEqual([]);
    const id = await comment(pull, "Why?");
    const reply = value(await github.pulls.reply({ pull, comment: id, body: "Because." }));
    const lines = { path: "task/abc123-one.txt", line: 1, startLine: null, side: "new", commit: head, outdated: false };
    expect(value(await github.pulls.lineComments(pull))).toMatchObject([
      { id, pull, thread: id, by: maintainer, bot: false, body: "Why?", ...lines },
      { id: reply.comment, pull, thread: id, by: self, bot: true, body: "Because.", ...lines },
    ]);
    expect(refusal(await github.pulls.reply({ pull, comment: 987_654, body: "x" }))).toBe("not-found");
  });

  test("identifies resolved threads by their first comment", async () => {
    const { github, pull, comment, resolve } = await open();
    const [done, left] = [await comment(pull, "one"), await comment(pull, "two")];
    expect(value(await github.pulls.resolvedThreads(pull))).toEqual([]);
    await resolve(pull, done);
    expect(value(await github.pulls.resolvedThreads(pull))).toEqual([done]);
    await resolve(pull, left);
    expect(value(await github.pulls.resolvedThreads(pull))).toEqual([done, left]);
    expect(refusal(await github.pulls.resolvedThreads(987_654))).toBe("not-found");
  });

  test("recognises a review with an edited text", async () => {
    const { github, pull, review, editReview } = await open();
    await review(pull, "REQUEST_CHANGES");
    await review(pull, "APPROVE");
    expect(value(await github.pulls.editedReviews(pull))).toEqual([]);
    const [first] = value(await github.pulls.reviews(pull));
    await editReview(pull, first?.id ?? 0);
    expect(value(await github.pulls.editedReviews(pull))).toEqual([first?.id]);
  });

  test("a sweep of line comments misses none and returns where the next one starts", async () => {
    const { github, pull, comment } = await open();
    const first = await comment(pull, "one");
    const swept = value(await github.pulls.lineCommentsSince(0));
    expect(swept.comments.map(({ id }) => id)).toEqual([first]);
    const second = await comment(pull, "two");
    expect(value(await github.pulls.lineCommentsSince(swept.until)).comments.map(({ id }) => id)).toContain(second);
  });

  test("a sweep of reviews misses none and returns where the next one starts", async () => {
    const { github, pull, review } = await open();
    await review(pull, "REQUEST_CHANGES");
    const swept = value(await github.pulls.reviewsSince(0));
    expect(swept.reviews).toMatchObject([{ pull, verdict: "changes-requested" }]);
    await review(pull, "APPROVE");
    expect(value(await github.pulls.reviewsSince(swept.until)).reviews.map(({ verdict }) => verdict)).toContain("approved");
  });
};

const runs = (on: () => ContractStage): void => {
  test("starts a job under its name and stops it, also twice", async () => {
    const { github, settle } = on();
    const { run } = value(await github.runs.startJob(inputs));
    await settle();
    const [listed] = value(await github.runs.list());
    expect(listed).toMatchObject({ name: "work/abc123-one/1" });
    if (run !== null) expect(listed?.id).toBe(run);
    value(await github.runs.stop(listed?.id ?? 0));
    await settle();
    expect(value(await github.runs.list())).toMatchObject([
      { id: listed?.id, name: "work/abc123-one/1", state: "done", conclusion: "cancelled" },
    ]);
    value(await github.runs.stop(listed?.id ?? 0));
  });

  test("starts a job with a title under its key, also from a workflow file without titles", async () => {
    const { github, settle } = on();
    for (const attempt of ["1", "2"]) value(await github.runs.startJob({ ...inputs, attempt, title: "Fix it · now" }));
    await settle();
    expect(value(await github.runs.list()).map(({ name }) => name)).toEqual(["work/abc123-one/2", "work/abc123-one/1"]);
  });

  test("a run is read with what tells whether Enki started it, and is listed alike", async () => {
    const { github, self, settle } = on();
    const { run } = value(await github.runs.startJob(inputs));
    await settle();
    const read = value(await github.runs.read(run ?? 0));
    expect(read).toMatchObject({
      id: run,
      name: "work/abc123-one/1",
      conclusion: null,
      file: ".github/workflows/enki-step.yml",
      event: "workflow_dispatch",
      branch: "main",
      fork: false,
      startedBy: self,
      lastStartedBy: self,
      attempt: 1,
    });
    expect(read && isOwnRun(read, { botLogin: self, defaultBranch: "main" })).toBe(true);
    expect(value(await github.runs.list())).toEqual([read]);
    expect(value(await github.runs.read(987_654))).toBeNull();
  });

  test("an artifact is found by its name and in its own run only", async () => {
    const { github, settle, upload } = on();
    const first = value(await github.runs.startJob(inputs)).run ?? 0;
    const second = value(await github.runs.startJob({ ...inputs, attempt: "2" })).run ?? 0;
    await settle();
    expect(value(await github.runs.artifact(first, "enki-result-abc"))).toBeNull();
    upload(first, "enki-result-abc");
    const run = value(await github.runs.read(first));
    expect(value(await github.runs.artifact(first, "enki-result-abc"))).toEqual({
      id: expect.any(Number),
      run: first,
      branch: "main",
      commit: run?.commit,
    });
    expect(value(await github.runs.artifact(first, "enki-result-abcd"))).toBeNull();
    expect(value(await github.runs.artifact(first, "enki-result-ab"))).toBeNull();
    expect(value(await github.runs.artifact(second, "enki-result-abc"))).toBeNull();
    expect(value(await github.runs.artifact(987_654, "enki-result-abc"))).toBeNull();
  });

  test("a missing run does not run", async () => {
    value(await on().github.runs.stop(987_654));
  });
};

const rest = (on: () => ContractStage): void => {
  test("sets a status on a commit, also twice, and refuses a missing commit", async () => {
    const { github, push } = on();
    const commit = await push("task/abc123-one");
    value(await github.checks.setStatus({ commit, state: "pending", text: "verifying" }));
    value(await github.checks.setStatus({ commit, state: "success", text: "landed" }));
    value(await github.checks.setStatus({ commit, state: "success", text: "landed" }));
    expect(refusal(await github.checks.setStatus({ commit: UNKNOWN, state: "success", text: "landed" }))).toBe("invalid");
  });

  test("reads permissions, none for an unknown person", async () => {
    const { github, maintainer } = on();
    expect(value(await github.people.permission(maintainer))).toBe("write");
    expect(value(await github.people.permission("nobody-of-that-name"))).toBe("none");
  });

  test("reads the default branch and the server's time", async () => {
    const { github } = on();
    expect(github.serverTime()).toBeNull();
    expect(value(await github.defaultBranch())).toBe("main");
    expect(github.serverTime()).toBeGreaterThan(0);
  });

  test("each reader handles an unchanged answer", async () => {
    const { github, person, issue } = on();
    value(await person.issues.comment(issue, "one"));
    value(await github.issues.commentsOn(issue));
    expect(value(await github.issues.commentsPage(issue, 1))).toMatchObject([{ body: "one", member: true }]);
    expect(value(await github.defaultBranch())).toBe("main");
  });

  test("an unchanged answer costs no request", async () => {
    const { github, person, issue } = on();
    value(await person.issues.comment(issue, "one"));
    const first = value(await github.issues.commentsOn(issue));
    const before = github.requests();
    expect(value(await github.issues.commentsOn(issue))).toEqual(first);
    expect(github.requests()).toEqual({ sent: before.sent, notModified: before.notModified + 1 });
    value(await person.issues.comment(issue, "two"));
    expect(value(await github.issues.commentsOn(issue)).length).toBe(2);
  });
};
