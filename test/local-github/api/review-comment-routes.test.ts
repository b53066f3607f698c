import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { NAMED, openStage, REPO } from "./stage.ts";

const numbered = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}\n`).join("");
const TEXT = numbered(1, 20);

/** Opens a pull request that changes line 10 of 20 and adds a file. */
const open = async () => {
  let now = Date.parse("2026-11-20T12:00:00Z");
  const stage = await openStage({ "a.txt": TEXT, "other.txt": "other\n" }, { now: () => (now += 10) });
  onTestFinished(stage.close);
  const { forge, git, commit, remote, owner, octokit } = stage;
  forge.setPermission(NAMED, { login: "ada", role: "write" });
  await git("checkout", "-q", "-b", "task");
  const head = await commit({ "a.txt": TEXT.replace("line 10\n", "line ten\n"), "b.txt": "b\n" });
  await git("push", "-q", remote(owner), "task");
  const person = octokit(owner);
  const pull_number = (await person.pulls.create({ ...REPO, head: "task", base: "main", title: "Task" })).data.number;
  const ada = octokit(forge.createUser("ada"));
  const on = { ...REPO, pull_number };
  return {
    ...stage,
    later: (delay: number): void => void (now += delay),
    head,
    person,
    ada,
    on,
    comment: async (over: object = {}) =>
      (await ada.pulls.createReviewComment({ ...on, path: "a.txt", line: 10, side: "RIGHT", commit_id: head, body: "Why?", ...over })).data,
    listed: async () => (await ada.pulls.listReviewComments(on)).data,
    push: async (files: Readonly<Record<string, string>>) => {
      const sha = await commit(files);
      await git("push", "-q", remote(owner), "task");
      return sha;
    },
  };
};

test("a comment on a line has the hunk up to that line, its position and a review without a text", async () => {
  const { comment, ada, on, head } = await open();
  expect(await comment()).toMatchObject({
    path: "a.txt",
    line: 10,
    original_line: 10,
    side: "RIGHT",
    start_line: null,
    position: 5,
    commit_id: head,
    diff_hunk: "@@ -7,7 +7,7 @@ line 6\n line 7\n line 8\n line 9\n-line 10\n+line ten",
  });
  const range = await comment({ start_line: 8, start_side: "LEFT", line: 10, side: "LEFT" });
  expect(range).toMatchObject({ start_line: 8, start_side: "LEFT", line: 10, side: "LEFT", position: 4 });
  const { data: reviews } = await ada.pulls.listReviews(on);
  expect(reviews.map(({ state, body }) => [state, body])).toEqual([
    ["COMMENTED", ""],
    ["COMMENTED", ""],
  ]);
  expect(reviews.at(-1)?.id).toBe(range.pull_request_review_id);
});

test.each([
  ["a line that is not in the diff", { line: 1 }, "pull_request_review_thread.line must be part of the diff"],
  ["a line of another side", { line: 14, side: "LEFT" }, "pull_request_review_thread.line must be part of the diff"],
  ["a range that starts outside the hunk", { start_line: 2 }, "pull_request_review_thread.start_line must be part of the same hunk"],
  ["a range that starts after its end", { start_line: 11 }, "pull_request_review_thread.start_line must be part of the same hunk"],
  ["a file that is not changed", { path: "other.txt", line: 1 }, "pull_request_review_thread.path"],
  ["a pathspec that matches the file", { path: "*.txt" }, "pull_request_review_thread.path"],
])("refuses %s with GitHub's message", async (_, over, words) => {
  const { comment, listed } = await open();
  await expect(comment(over)).rejects.toMatchObject({ status: 422, message: expect.stringContaining(words) });
  expect(await listed()).toEqual([]);
});

test("rejects a whole review if one of its comments is invalid", async () => {
  const { ada, on, listed } = await open();
  const review = (line: number) =>
    ada.pulls.createReview({
      ...on,
      event: "REQUEST_CHANGES",
      comments: [
        { path: "b.txt", line: 1, body: "Why a file?" },
        { path: "a.txt", line, body: "Why ten?" },
      ],
    });
  await expect(review(2)).rejects.toMatchObject({ status: 422, message: expect.stringContaining("Line could not be resolved") });
  expect(await listed()).toEqual([]);
  const { data } = await review(10);
  expect((await listed()).map(({ path, pull_request_review_id }) => [path, pull_request_review_id])).toEqual([
    ["b.txt", data.id],
    ["a.txt", data.id],
  ]);
  await expect(ada.pulls.createReview({ ...on, event: "COMMENT" })).rejects.toMatchObject({ status: 422 });
});

test("adds a reply to the thread of the first comment, even if it answers a reply", async () => {
  const { comment, person, on, listed } = await open();
  const { id } = await comment();
  const first = await person.pulls.createReplyForReviewComment({ ...on, comment_id: id, body: "Because." });
  await person.pulls.createReplyForReviewComment({ ...on, comment_id: first.data.id, body: "Really." });
  expect((await listed()).map(({ in_reply_to_id, line }) => [in_reply_to_id, line])).toEqual([
    [undefined, 10],
    [id, 10],
    [id, 10],
  ]);
});

test("a new head moves a comment with its line, and outdates a comment whose line changed", async () => {
  const { comment, listed, push, head } = await open();
  await comment();
  await comment({ path: "b.txt", line: 1 });
  const young = await push({ "a.txt": `first\n${TEXT.replace("line 10\n", "line ten\n")}` });
  expect(await listed()).toMatchObject([
    { path: "a.txt", line: 11, original_line: 10, commit_id: young, original_commit_id: head },
    { path: "b.txt", line: 1 },
  ]);
  await push({ "a.txt": TEXT.replace("line 10\n", "line X\n") });
  expect(await listed()).toMatchObject([
    { path: "a.txt", line: null, position: null, original_line: 10, commit_id: young },
    { path: "b.txt", line: 1 },
  ]);
});

test("outdates a comment on a line that the base now contains", async () => {
  const { comment, listed, git, remote, owner } = await open();
  await comment();
  await git("push", "-q", remote(owner), "task:main");
  expect(await listed()).toMatchObject([{ line: null }]);
});

test("readers may comment, only writers may change the comments of others, and an App needs the permission", async () => {
  const { comment, octokit, forge, on, person } = await open();
  const eve = octokit(forge.createUser("eve"));
  const { id: comment_id } = await comment();
  await eve.pulls.createReplyForReviewComment({ ...on, comment_id, body: "Me too." });
  await expect(eve.pulls.updateReviewComment({ ...REPO, comment_id, body: "Never mind." })).rejects.toMatchObject({ status: 403 });
  await expect(eve.pulls.deleteReviewComment({ ...REPO, comment_id })).rejects.toMatchObject({ status: 403 });
  const app = await forge.createApp({ privateKeyPem: appKey(), name: "poor", secret: "s" });
  const poor = octokit(forge.createInstallationToken(app.id, NAMED.owner, { issues: "write" }));
  await expect(poor.pulls.createReplyForReviewComment({ ...on, comment_id, body: "Hi." })).rejects.toMatchObject({ status: 403 });
  expect((await person.pulls.updateReviewComment({ ...REPO, comment_id, body: "Well." })).data.body).toBe("Well.");
});

test("a review is edited by its author and dismissed by writers, and a comment cannot be dismissed", async () => {
  const { ada, person, on, forge, octokit } = await open();
  const eve = octokit(forge.createUser("eve"));
  const review_id = (await ada.pulls.createReview({ ...on, event: "REQUEST_CHANGES", body: "No." })).data.id;
  expect((await ada.pulls.updateReview({ ...on, review_id, body: "Yes." })).data).toMatchObject({
    body: "Yes.",
    state: "CHANGES_REQUESTED",
  });
  await expect(eve.pulls.updateReview({ ...on, review_id, body: "Mine." })).rejects.toMatchObject({ status: 403 });
  await expect(eve.pulls.dismissReview({ ...on, review_id, message: "No." })).rejects.toMatchObject({ status: 404 });
  expect((await person.pulls.dismissReview({ ...on, review_id, message: "Done." })).data.state).toBe("DISMISSED");
  const words = (await ada.pulls.createReview({ ...on, event: "COMMENT", body: "Words." })).data.id;
  await expect(person.pulls.dismissReview({ ...on, review_id: words, message: "No." })).rejects.toMatchObject({ status: 422 });
});

const THREADS = `query ($n: Int!) { repository(owner: "octo", name: "demo") { pullRequest(number: $n) {
  reviewThreads(first: 1) { nodes { id isResolved isOutdated path line resolvedBy { login } comments(first: 1) { nodes { databaseId } } } pageInfo { hasNextPage endCursor } totalCount }
} } }`;
type Threads = {
  repository: { pullRequest: { reviewThreads: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean }; totalCount: number } } };
};

test("writers and the author of the pull request resolve a thread and emit its webhook; others are refused", async () => {
  const { comment, ada, person, on, octokit, forge } = await open();
  const app = await forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "s", webhookUrl: "http://127.0.0.1:9/" });
  const { id } = await comment();
  await comment({ path: "b.txt", line: 1 });
  const read = async () => (await ada.graphql<Threads>(THREADS, { n: on.pull_number })).repository.pullRequest.reviewThreads;
  const set = (client: typeof ada, name: string, threadId: string) =>
    client.graphql(`mutation ($threadId: ID!) { ${name}(input: { threadId: $threadId }) { thread { isResolved } } }`, { threadId });
  const first = await read();
  const open_ = {
    isResolved: false,
    isOutdated: false,
    path: "a.txt",
    line: 10,
    resolvedBy: null,
    comments: { nodes: [{ databaseId: id }] },
  };
  expect(first).toMatchObject({ nodes: [open_], pageInfo: { hasNextPage: true }, totalCount: 2 });
  const node = first.nodes[0]?.id ?? "";
  await expect(set(octokit(forge.createUser("eve")), "resolveReviewThread", node)).rejects.toThrow("Resource not accessible");
  await expect(set(ada, "resolveReviewThread", "nothing")).rejects.toThrow("Could not resolve to a node");
  await set(person, "resolveReviewThread", node);
  await set(person, "resolveReviewThread", node);
  expect(await read()).toMatchObject({ nodes: [{ isResolved: true, resolvedBy: { login: "octo" } }] });
  await set(ada, "unresolveReviewThread", node);
  await forge.waitUntilIdle();
  const told = forge.deliveries().filter(({ event }) => event === "pull_request_review_thread");
  expect([app.login, ...told.map(({ payload }) => payload["action"])]).toEqual(["enki[bot]", "resolved", "unresolved"]);
});

test("only its author sees a pending review; submitting it updates its comments and emits their events", async () => {
  const { forge, person, ada, on, listed, later } = await open();
  const hooks = (): unknown[] =>
    forge.deliveries().flatMap(({ event, payload }) => (event.startsWith("pull_request_review") ? [[event, payload["action"]]] : []));
  await forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "s", webhookUrl: "http://127.0.0.1:9/" });
  const { data: pending } = await ada.pulls.createReview({ ...on, comments: [{ path: "a.txt", line: 10, body: "Why ten?" }] });
  expect(pending).toMatchObject({ state: "PENDING" });
  expect(pending.submitted_at).toBeUndefined();
  expect((await ada.pulls.listReviews(on)).data).toMatchObject([{ id: pending.id, state: "PENDING" }]);
  expect((await person.pulls.listReviews(on)).data).toEqual([]);
  expect(await listed()).toEqual([]);
  await expect(ada.pulls.createReview(on)).rejects.toMatchObject({ status: 422, message: expect.stringContaining("one pending review") });
  const submit = { ...on, review_id: pending.id, event: "REQUEST_CHANGES" as const, body: "See below." };
  await expect(person.pulls.submitReview(submit)).rejects.toMatchObject({ status: 404 });
  await forge.waitUntilIdle();
  expect(hooks()).toEqual([]);
  later(90_000);
  const { data: review } = await ada.pulls.submitReview(submit);
  expect(review).toMatchObject({ id: pending.id, state: "CHANGES_REQUESTED", body: "See below." });
  const [comment] = await listed();
  expect(Date.parse(comment?.updated_at ?? "") - Date.parse(comment?.created_at ?? "")).toBeGreaterThanOrEqual(90_000);
  expect(comment).toMatchObject({ updated_at: review.submitted_at, pull_request_review_id: pending.id });
  await forge.waitUntilIdle();
  expect(hooks()).toEqual([
    ["pull_request_review", "submitted"],
    ["pull_request_review_comment", "created"],
  ]);
  const { nodes } = await ada.graphql<{ nodes: unknown[] }>(
    "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on PullRequestReviewComment { createdAt publishedAt lastEditedAt } } }",
    { ids: [comment?.node_id] },
  );
  expect(nodes).toEqual([{ createdAt: comment?.created_at, publishedAt: review.submitted_at, lastEditedAt: null }]);
});
