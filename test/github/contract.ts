import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GitHubPorts, GitHubReply } from "../../src/github/github-ports.ts";
import { BACKLOG_LABEL } from "../../src/core/domain/backlog-item.ts";
import type { JobInputs } from "../../src/core/domain/effect.ts";
import type { RepositoryPermission } from "../../src/core/domain/github-facts.ts";
import { isOwnRun } from "../../src/core/policy/run-origin.ts";
import type { Login, Millis, Sha } from "../../src/core/domain/ids.ts";

/**
 * A repository with one open issue without comments, and `enki-step.yml` on its default branch. It may have older issues, pull requests,
 * runs and branches: every test looks only at its own.
 */
export type ContractStage = {
  /** A word that no other stage of the repository has; names branches, jobs and texts. */
  readonly id: string;
  /** The default branch. */
  readonly base: string;
  /** Nothing of this stage happened before. */
  readonly since: Millis;
  /** Acts as Enki's bot, with every necessary right. */
  readonly github: GitHubPorts;
  readonly self: Login;
  /** Why no bot and no token that may only read can be had here, and `github` is `person`; null for each that exists. */
  readonly lacks: { readonly bot: string | null; readonly reader: string | null };
  /** Acts as a person with write permission. */
  readonly person: GitHubPorts;
  readonly maintainer: Login;
  readonly maintainerMay: RepositoryPermission;
  /** Acts with a read-only token. */
  readonly reader: GitHubPorts;
  readonly issue: number;
  /** Creates a branch with one commit of its own on `main`, or adds a commit to the branch. */
  readonly push: (branch: string) => Promise<Sha>;
  readonly review: (pull: number, verdict: "APPROVE" | "REQUEST_CHANGES") => Promise<void>;
  /** Comments on a line of a pull request's diff as a person; returns the comment. */
  readonly comment: (pull: number, body: string) => Promise<number>;
  /** Resolves the thread of a comment as a person. */
  readonly resolve: (pull: number, comment: number) => Promise<void>;
  /** Changes the text of a review as a person. */
  readonly editReview: (pull: number, review: number) => Promise<void>;
  /** A job of a run of the step `uploads` uploads an artifact. */
  readonly upload: (run: number, name: string) => Promise<void>;
  /** Resolves when lagging data (run lists, run ends) is up to date. */
  readonly settle: () => Promise<void>;
  /** Passes once the check passes: GitHub's lists lag behind. Fails like the last check. */
  readonly eventually: (check: () => Promise<void>) => Promise<void>;
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

const UNKNOWN = "0123456789".repeat(4);
const branchOf = ({ id }: ContractStage): string => `task/${id}-one`;
const pullOf = (stage: ContractStage) => ({ head: branchOf(stage), base: stage.base, title: "One", body: `Words of ${stage.id}.` });
const jobOf = ({ id }: ContractStage, more: Partial<JobInputs> = {}): JobInputs => ({
  kind: "work",
  execution: id,
  step: "one",
  attempt: "1",
  target: `${id}-one`,
  ...more,
});

/** Issues and pull requests of the stage itself. Their numbers only grow. */
const ownOf = <T extends { readonly issue: number }>(stage: ContractStage, items: readonly T[]): T[] =>
  items.filter(({ issue }) => issue >= stage.issue);
const ownPullsOf = <T extends { readonly pull: number }>(stage: ContractStage, items: readonly T[]): T[] =>
  items.filter(({ pull }) => pull >= stage.issue);
const listPulls = async (stage: ContractStage) => value(await stage.github.pulls.list()).filter(({ number }) => number >= stage.issue);
const listRuns = async (stage: ContractStage) =>
  value(await stage.github.runs.list()).filter(({ name }) => name.startsWith(`work/${stage.id}-`));

type Skip = (condition: boolean, note?: string) => void;
/** Skips a test that an identity of the stage is missing for. */
const requireIdentity = (skip: Skip, lack: string | null): void => skip(lack !== null, lack ?? undefined);

/** Tests the promises of `GitHub`, for any implementation behind the adapter. */
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
    const { github, self, issue, lacks, eventually } = on();
    const { comment } = value(await github.issues.comment(issue, "It runs."));
    const by = { by: self, bot: lacks.bot === null };
    await eventually(async () =>
      expect(value(await github.issues.commentsOn(issue))).toMatchObject([{ id: comment, issue, ...by, body: "It runs." }]),
    );
    value(await github.issues.editComment(comment, "It landed."));
    await eventually(async () => expect(value(await github.issues.commentsOn(issue))).toMatchObject([{ id: comment, body: "It landed." }]));
    value(await github.issues.deleteComment(comment));
    await eventually(async () => expect(value(await github.issues.commentsOn(issue))).toEqual([]));
    value(await github.issues.deleteComment(comment));
  });

  test("a person is not a bot", async () => {
    const { github, person, maintainer, issue, eventually } = on();
    value(await person.issues.comment(issue, "/enki fix it"));
    await eventually(async () =>
      expect(value(await github.issues.commentsOn(issue))).toMatchObject([{ by: maintainer, bot: false, body: "/enki fix it" }]),
    );
  });

  test("a sweep misses no comment and returns where the next one starts", async () => {
    const stage = on();
    const { github, person, issue, since, eventually } = stage;
    const first = value(await person.issues.comment(issue, "one"));
    let until = since;
    await eventually(async () => {
      const swept = value(await github.issues.commentsSince(since));
      expect(ownOf(stage, swept.comments).map(({ id }) => id)).toEqual([first.comment]);
      until = swept.until;
    });
    const second = value(await person.issues.comment(issue, "two"));
    await eventually(async () => {
      const next = value(await github.issues.commentsSince(until));
      expect(next.comments.map(({ id }) => id)).toContain(second.comment);
      expect(next.until).toBeGreaterThanOrEqual(until);
    });
  });

  test("more than a hundred comments are all listed, oldest first", async () => {
    const stage = on();
    const { github, person, issue, since, eventually } = stage;
    const made: number[] = [];
    for (let count = 0; count < 101; count += 1) made.push(value(await person.issues.comment(issue, String(count))).comment);
    await eventually(async () => expect(value(await github.issues.commentsOn(issue)).map(({ id }) => id)).toEqual(made));
    await eventually(async () =>
      expect(ownOf(stage, value(await github.issues.commentsSince(since)).comments).map(({ id }) => id)).toEqual(made),
    );
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
    const { github, person, maintainer, self, issue, lacks, eventually } = on();
    value(await person.issues.comment(issue, "one"));
    value(await github.issues.comment(issue, "two"));
    await eventually(async () => {
      expect(value(await github.issues.read(issue))).toMatchObject({ onPull: false, bot: false, comments: 2 });
      expect(value(await github.issues.commentsPage(issue, 1))).toMatchObject([
        { by: maintainer, member: true, body: "one" },
        { by: self, bot: lacks.bot === null, body: "two" },
      ]);
      expect(value(await github.issues.commentsPage(issue, 2))).toEqual([]);
    });
    expect(refusal(await github.issues.read(987_654))).toBe("not-found");
  });

  test("lists changed issues and issue events since a time", async () => {
    const stage = on();
    const { github, person, maintainer, issue, since, eventually } = stage;
    const { issue: made } = value(await person.backlog.open({ title: "Uploads fail", body: `Always, in ${stage.id}.` }));
    await eventually(async () => {
      const created = value(await github.issues.changedSince(since));
      expect(created.find((each) => each.issue === made)).toMatchObject({
        title: "Uploads fail",
        body: `Always, in ${stage.id}.`,
        by: maintainer,
        onPull: false,
        labels: [BACKLOG_LABEL],
        assignees: [],
        open: true,
      });
      expect(created.map((each) => each.issue)).toContain(issue);
    });
    await eventually(async () => {
      const changes = value(await github.issues.changesSince(since));
      expect(changes).toContainEqual(
        expect.objectContaining({ issue: made, action: "labeled", by: maintainer, bot: false, label: BACKLOG_LABEL }),
      );
      const later = Math.max(...changes.map(({ at }) => at)) + 1_000;
      expect(value(await github.issues.changesSince(later))).toEqual([]);
      expect(ownOf(stage, value(await github.issues.changedSince(later)))).toEqual([]);
    });
  });

  test("reads a pull request with its base, head and changed files", async () => {
    const stage = on();
    const { github, push, eventually } = stage;
    const head = await push(branchOf(stage));
    const { pull: number } = value(await github.pulls.open(pullOf(stage)));
    await eventually(async () => {
      const files = value(await github.pulls.files(number));
      expect(value(await github.pulls.read(number))).toEqual({
        baseBranch: stage.base,
        headRef: branchOf(stage),
        head,
        changedFiles: files.length,
      });
      expect(files).toEqual([{ path: expect.any(String), added: 1, removed: 0, patch: expect.stringMatching(/^@@ -0,0 \+1 @@\n\+/) }]);
    });
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

  test("refuses a read-only token as not allowed", async ({ skip }) => {
    const { reader, issue, lacks } = on();
    requireIdentity(skip, lacks.reader);
    expect(refusal(await reader.issues.comment(issue, "x"))).toBe("not-allowed");
    expect(value(await reader.issues.commentsOn(issue))).toEqual([]);
  });
};

const backlog = (on: () => ContractStage): void => {
  const markerOf = ({ id }: ContractStage): string => `<!-- enki:backlog:${id} -->`;
  const itemOf = (stage: ContractStage, words: string) => ({ title: words, body: `${markerOf(stage)}\n${words}` });

  test("lists a backlog item without its hidden line, edits it in place, and omits it when closed", async () => {
    const stage = on();
    const { github, eventually } = stage;
    const words = `Words of ${stage.id}.`;
    const list = async () => ownOf(stage, value(await github.backlog.list()));
    const first = value(await github.backlog.open(itemOf(stage, "First")));
    const second = value(await github.backlog.open({ title: "Second", body: words }));
    await eventually(async () =>
      expect(await list()).toMatchObject([
        { ...second, title: "Second", body: words },
        { ...first, title: "First", body: "First" },
      ]),
    );
    value(await github.backlog.edit({ issue: second.issue, title: "Other", body: `Other ${words}` }));
    value(await github.backlog.close(first.issue, "not_planned"));
    value(await github.backlog.close(first.issue, "not_planned"));
    await eventually(async () => expect(await list()).toMatchObject([{ ...second, title: "Other", body: `Other ${words}` }]));
  });

  test("finds Enki's own item by its hidden line, open or closed, only with the label", async ({ skip }) => {
    const stage = on();
    const { github, self, maintainer, person, eventually } = stage;
    requireIdentity(skip, stage.lacks.bot);
    const marker = markerOf(stage);
    const find = async () => value(await github.backlog.find(marker, self));
    expect(await find()).toBeNull();
    value(await person.backlog.open(itemOf(stage, "Theirs")));
    expect(await find()).toBeNull();
    const ours = value(await github.backlog.open(itemOf(stage, "Ours")));
    await eventually(async () => expect(await find()).toEqual(ours));
    value(await github.backlog.close(ours.issue, "completed"));
    await eventually(async () => {
      expect(await find()).toEqual(ours);
      expect(value(await github.backlog.find(marker, maintainer))).not.toEqual(ours);
      expect(ownOf(stage, value(await github.backlog.list()))).toMatchObject([{ title: "Theirs" }]);
    });
  });
};

const pulls = (on: () => ContractStage): void => {
  test("opens one pull request per head, finds it by the head, and follows the head", async () => {
    const stage = on();
    const { github, push, eventually } = stage;
    const head = await push(branchOf(stage));
    const opened = value(await github.pulls.open(pullOf(stage)));
    expect(value(await github.pulls.open(pullOf(stage)))).toEqual(opened);
    await eventually(async () => {
      expect(value(await github.pulls.find(branchOf(stage), stage.base))).toEqual(opened);
      expect(await listPulls(stage)).toEqual([
        {
          number: opened.pull,
          title: expect.any(String),
          headRef: branchOf(stage),
          head,
          baseBranch: stage.base,
          state: "open",
          draft: false,
          labels: [],
          hasActivity: false,
        },
      ]);
    });
    value(await github.pulls.edit(opened.pull, "It lands in another way."));
    const next = await push(branchOf(stage));
    await eventually(async () => expect(await listPulls(stage)).toMatchObject([{ number: opened.pull, head: next }]));
  });

  test("lists a closed pull request, does not find it by its head, and allows another", async () => {
    const stage = on();
    const { github, push, eventually } = stage;
    await push(branchOf(stage));
    const first = value(await github.pulls.open(pullOf(stage)));
    value(await github.pulls.close(first.pull));
    value(await github.pulls.close(first.pull));
    await eventually(async () => {
      expect(await listPulls(stage)).toMatchObject([{ number: first.pull, state: "closed" }]);
      expect(value(await github.pulls.find(branchOf(stage), stage.base))).toBeNull();
    });
    expect(value(await github.pulls.open(pullOf(stage))).pull).not.toBe(first.pull);
  });

  test("refuses a pull request without a head branch as invalid", async () => {
    const stage = on();
    expect(refusal(await stage.github.pulls.open({ ...pullOf(stage), head: `task/${stage.id}-none` }))).toBe("invalid");
  });

  test("lists reviews with their head, oldest first", async ({ skip }) => {
    const stage = on();
    const { github, maintainer, push, review, eventually } = stage;
    requireIdentity(skip, stage.lacks.bot);
    const head = await push(branchOf(stage));
    const opened = value(await github.pulls.open(pullOf(stage)));
    expect(value(await github.pulls.reviews(opened.pull))).toEqual([]);
    await review(opened.pull, "REQUEST_CHANGES");
    await review(opened.pull, "APPROVE");
    const who = { by: maintainer, bot: false, head };
    await eventually(async () =>
      expect(value(await github.pulls.reviews(opened.pull))).toMatchObject([
        { ...who, verdict: "changes-requested" },
        { ...who, verdict: "approved" },
      ]),
    );
  });
};

const reviewing = (on: () => ContractStage): void => {
  const open = async () => {
    const stage = on();
    const head = await stage.push(branchOf(stage));
    return { stage, ...stage, head, ...value(await stage.github.pulls.open(pullOf(stage))) };
  };

  test("lists line comments with their lines; an answer belongs to the thread of the first", async () => {
    const { github, self, lacks, maintainer, head, pull, comment, stage, eventually } = await open();
    expect(value(await github.pulls.lineComments(pull))).toEqual([]);
    const id = await comment(pull, "Why?");
    const reply = value(await github.pulls.reply({ pull, comment: id, body: "Because." }));
    const lines = { path: `${branchOf(stage)}.txt`, line: 1, startLine: null, side: "new", commit: head, outdated: false };
    await eventually(async () =>
      expect(value(await github.pulls.lineComments(pull))).toMatchObject([
        { id, pull, thread: id, by: maintainer, bot: false, body: "Why?", ...lines },
        { id: reply.comment, pull, thread: id, by: self, bot: lacks.bot === null, body: "Because.", ...lines },
      ]),
    );
    expect(refusal(await github.pulls.reply({ pull, comment: 987_654, body: "x" }))).toBe("not-found");
  });

  test("identifies resolved threads by their first comment", async () => {
    const { github, pull, comment, resolve, eventually } = await open();
    const [done, left] = [await comment(pull, "one"), await comment(pull, "two")];
    expect(value(await github.pulls.resolvedThreads(pull))).toEqual([]);
    await resolve(pull, done);
    await eventually(async () => expect(value(await github.pulls.resolvedThreads(pull))).toEqual([done]));
    await resolve(pull, left);
    await eventually(async () => expect(value(await github.pulls.resolvedThreads(pull))).toEqual([done, left]));
    expect(refusal(await github.pulls.resolvedThreads(987_654))).toBe("not-found");
  });

  test("recognises a review with an edited text", async ({ skip }) => {
    requireIdentity(skip, on().lacks.bot);
    const { github, pull, review, editReview, eventually } = await open();
    await review(pull, "REQUEST_CHANGES");
    await review(pull, "APPROVE");
    expect(value(await github.pulls.editedReviews(pull))).toEqual([]);
    const [first] = value(await github.pulls.reviews(pull));
    await editReview(pull, first?.id ?? 0);
    await eventually(async () => expect(value(await github.pulls.editedReviews(pull))).toEqual([first?.id]));
  });

  test("a sweep of line comments misses none and returns where the next one starts", async () => {
    const { github, pull, comment, since, stage, eventually } = await open();
    const first = await comment(pull, "one");
    let until = since;
    await eventually(async () => {
      const swept = value(await github.pulls.lineCommentsSince(since));
      expect(ownPullsOf(stage, swept.comments).map(({ id }) => id)).toEqual([first]);
      until = swept.until;
    });
    const second = await comment(pull, "two");
    await eventually(async () => expect(value(await github.pulls.lineCommentsSince(until)).comments.map(({ id }) => id)).toContain(second));
  });

  test("a sweep of reviews misses none and returns where the next one starts", async ({ skip }) => {
    requireIdentity(skip, on().lacks.bot);
    const { github, pull, review, since, stage, eventually } = await open();
    await review(pull, "REQUEST_CHANGES");
    let until = since;
    await eventually(async () => {
      const swept = value(await github.pulls.reviewsSince(since));
      expect(ownPullsOf(stage, swept.reviews)).toMatchObject([{ pull, verdict: "changes-requested" }]);
      until = swept.until;
    });
    await review(pull, "APPROVE");
    await eventually(async () =>
      expect(ownPullsOf(stage, value(await github.pulls.reviewsSince(until)).reviews).map(({ verdict }) => verdict)).toContain("approved"),
    );
  });
};

const runs = (on: () => ContractStage): void => {
  test("starts a job under its name and stops it, also twice", async () => {
    const stage = on();
    const { github, settle, eventually } = stage;
    const name = `work/${stage.id}-one/1`;
    const { run } = value(await github.runs.startJob(jobOf(stage)));
    await settle();
    let id = 0;
    await eventually(async () => {
      const [listed] = await listRuns(stage);
      expect(listed).toMatchObject({ name });
      if (run !== null) expect(listed?.id).toBe(run);
      id = listed?.id ?? 0;
    });
    value(await github.runs.stop(id));
    await settle();
    await eventually(async () => expect(await listRuns(stage)).toMatchObject([{ id, name, state: "done", conclusion: "cancelled" }]));
    value(await github.runs.stop(id));
  });

  test("starts a job with a title under its key, also from a workflow file without titles", async () => {
    const stage = on();
    const { github, settle, eventually } = stage;
    for (const attempt of ["1", "2"]) value(await github.runs.startJob(jobOf(stage, { attempt, title: "Fix it · now" })));
    await settle();
    const names = ["2", "1"].map((attempt) => `work/${stage.id}-one/${attempt}`);
    await eventually(async () => expect((await listRuns(stage)).map(({ name }) => name)).toEqual(names));
  });

  test("a run is read with what tells whether Enki started it, and is listed alike", async () => {
    const stage = on();
    const { github, self, base, settle, eventually } = stage;
    const { run } = value(await github.runs.startJob(jobOf(stage)));
    await settle();
    await eventually(async () => {
      const read = value(await github.runs.read(run ?? 0));
      expect(read).toMatchObject({
        id: run,
        name: `work/${stage.id}-one/1`,
        conclusion: null,
        file: ".github/workflows/enki-step.yml",
        event: "workflow_dispatch",
        branch: base,
        fork: false,
        startedBy: self,
        lastStartedBy: self,
        attempt: 1,
      });
      expect(read && isOwnRun(read, { botLogin: self, defaultBranch: base })).toBe(true);
      expect(await listRuns(stage)).toEqual([read]);
    });
    expect(value(await github.runs.read(987_654))).toBeNull();
  });

  test("an artifact is found by its name and in its own run only", async () => {
    const stage = on();
    const { github, base, settle, upload, eventually } = stage;
    const uploads = { step: "uploads" };
    const first = value(await github.runs.startJob(jobOf(stage, uploads))).run ?? 0;
    const second = value(await github.runs.startJob(jobOf(stage, { ...uploads, attempt: "2" }))).run ?? 0;
    await settle();
    expect(value(await github.runs.artifact(first, "enki-result-abc"))).toBeNull();
    await upload(first, "enki-result-abc");
    const run = value(await github.runs.read(first));
    await eventually(async () =>
      expect(value(await github.runs.artifact(first, "enki-result-abc"))).toEqual({
        id: expect.any(Number),
        run: first,
        branch: base,
        commit: run?.commit,
      }),
    );
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
    const stage = on();
    const { github, push } = stage;
    const commit = await push(branchOf(stage));
    value(await github.checks.setStatus({ commit, state: "pending", text: "verifying" }));
    value(await github.checks.setStatus({ commit, state: "success", text: "landed" }));
    value(await github.checks.setStatus({ commit, state: "success", text: "landed" }));
    expect(refusal(await github.checks.setStatus({ commit: UNKNOWN, state: "success", text: "landed" }))).toBe("invalid");
  });

  test("reads permissions, none for an unknown person", async () => {
    const { github, maintainer, maintainerMay } = on();
    expect(value(await github.people.permission(maintainer))).toBe(maintainerMay);
    expect(value(await github.people.permission("nobody-of-that-name"))).toBe("none");
  });

  test("reads the default branch and the server's time", async () => {
    const { github, base } = on();
    expect(github.serverTime()).toBeNull();
    expect(value(await github.defaultBranch())).toBe(base);
    expect(github.serverTime()).toBeGreaterThan(0);
  });

  test("each reader handles an unchanged answer", async () => {
    const { github, person, base, issue, eventually } = on();
    value(await person.issues.comment(issue, "one"));
    await eventually(async () => {
      value(await github.issues.commentsOn(issue));
      expect(value(await github.issues.commentsPage(issue, 1))).toMatchObject([{ body: "one", member: true }]);
    });
    expect(value(await github.defaultBranch())).toBe(base);
  });

  test("an unchanged answer costs no request", async () => {
    const { github, person, issue, eventually } = on();
    value(await person.issues.comment(issue, "one"));
    await eventually(async () => {
      const first = value(await github.issues.commentsOn(issue));
      expect(first.length).toBe(1);
      const before = github.requests();
      expect(value(await github.issues.commentsOn(issue))).toEqual(first);
      expect(github.requests()).toEqual({ sent: before.sent, notModified: before.notModified + 1 });
    });
    value(await person.issues.comment(issue, "two"));
    await eventually(async () => expect(value(await github.issues.commentsOn(issue)).length).toBe(2));
  });
};
