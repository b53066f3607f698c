import { expect, test } from "vitest";
import type { GitHubFailure, GitHubReply } from "../../src/github/github-ports.ts";
import { date, NOW, rawComment, REPO, stage, holdToPrepared } from "./stage.ts";

holdToPrepared();

const failure = (reply: GitHubReply<unknown>): GitHubFailure => {
  if (reply.ok) throw new Error("expected a failure");
  return reply.failure;
};

test.each([
  [403, "not-allowed"],
  [404, "not-found"],
  [409, "conflict"],
  [410, "gone"],
  [422, "invalid"],
  [451, "http-451"],
])("status %i is a refusal with GitHub's message", async (status, code) => {
  const { github, api } = stage();
  api.post(`${REPO}/issues/7/comments`).reply(status, {
    message: "No.",
    errors: [{ message: "body is too long" }, { resource: "IssueComment", field: "data", code: "unprocessable" }],
  });
  expect(failure(await github.issues.comment(7, "x"))).toEqual({
    kind: "refused",
    code,
    reason: "No.: body is too long: data unprocessable",
  });
});

test("waits for the reset of the primary limit by GitHub's clock", async () => {
  const { github, api } = stage();
  const theirs = NOW + 3_600_000;
  const limits = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String((theirs + 90_000) / 1000), ...date(theirs) };
  api.get(`${REPO}/pulls`).query(true).reply(403, { message: "API rate limit exceeded" }, limits);
  expect(failure(await github.pulls.list())).toEqual({
    kind: "later",
    retryAt: NOW + 90_000,
    reason: "API rate limit exceeded",
    unclear: false,
  });
});

test("sends nothing during a limit and continues afterwards", async () => {
  const { github, clock, api } = stage();
  api.post(`${REPO}/issues/7/comments`).reply(403, { message: "You have exceeded a secondary rate limit" }, { "retry-after": "30" });
  api.get(`${REPO}/issues/7/comments`).query(true).reply(200, []);
  expect(failure(await github.issues.comment(7, "x"))).toMatchObject({ kind: "later", retryAt: NOW + 30_000, unclear: false });
  clock.now = NOW + 29_999;
  expect(failure(await github.issues.commentsOn(7))).toMatchObject({ kind: "later", retryAt: NOW + 30_000 });
  expect(failure(await github.issues.closeIssue(7))).toMatchObject({ kind: "later", retryAt: NOW + 30_000 });
  expect(github.requests()).toEqual({ sent: 1, notModified: 0 });
  clock.now = NOW + 30_000;
  expect(await github.issues.commentsOn(7)).toEqual({ ok: true, value: [] });
});

test("limits new texts per minute to what GitHub accepts, without delaying other requests", async () => {
  const { github, clock, api } = stage();
  api.post(`${REPO}/issues/7/comments`).times(71).reply(201, { id: 12 });
  api.patch(`${REPO}/issues/7`).reply(200, {});
  for (let sent = 0; sent < 70; sent += 1) {
    clock.now = NOW + sent * 100;
    expect((await github.issues.comment(7, "x")).ok).toBe(true);
  }
  expect(failure(await github.issues.comment(7, "x"))).toMatchObject({ kind: "later", retryAt: NOW + 60_000, unclear: false });
  expect((await github.issues.closeIssue(7)).ok).toBe(true);
  clock.now = NOW + 60_000;
  expect((await github.issues.comment(7, "x")).ok).toBe(true);
  expect(failure(await github.issues.comment(7, "x"))).toMatchObject({ kind: "later", retryAt: NOW + 60_100 });
  expect(github.requests().sent).toBe(72);
});

test("waits one minute, then two, for a secondary limit without a time", async () => {
  const { github, clock, api } = stage();
  api.patch(`${REPO}/issues/7`).twice().reply(429, { message: "slow down" });
  expect(failure(await github.issues.closeIssue(7))).toMatchObject({ kind: "later", retryAt: NOW + 60_000 });
  clock.now = NOW + 60_000;
  expect(failure(await github.issues.closeIssue(7))).toMatchObject({ kind: "later", retryAt: NOW + 180_000 });
});

test("accepts the answer that exhausts the limit and delays the next request", async () => {
  const { github, api } = stage();
  const limits = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW / 1000 + 600), ...date(NOW) };
  api
    .get(`${REPO}/issues/7/comments`)
    .query(true)
    .reply(200, [rawComment(1)], limits);
  expect((await github.issues.commentsOn(7)).ok).toBe(true);
  expect(failure(await github.issues.commentsOn(8))).toMatchObject({ kind: "later", retryAt: NOW + 600_000 });
});

test("accepts a date in retry-after", async () => {
  const { github, api } = stage();
  api.patch(`${REPO}/issues/7`).reply(429, { message: "slow down" }, { "retry-after": new Date(NOW + 45_000).toUTCString(), ...date(NOW) });
  expect(failure(await github.issues.closeIssue(7))).toMatchObject({ retryAt: NOW + 45_000 });
});

test("backs off during repeated faults and resets after an answer", async () => {
  const { github, api } = stage();
  const path = `${REPO}/issues/7`;
  api
    .patch(path)
    .reply(502, "<html>bad gateway</html>", { "content-type": "text/html" })
    .patch(path)
    .reply(500, { message: "oops" })
    .patch(path)
    .reply(200, {})
    .patch(path)
    .replyWithError("socket hang up");
  expect(failure(await github.issues.closeIssue(7))).toEqual({
    kind: "later",
    retryAt: NOW + 5_000,
    reason: "GitHub answered 502",
    unclear: true,
  });
  expect(failure(await github.issues.closeIssue(7))).toMatchObject({ retryAt: NOW + 10_000, reason: "oops" });
  expect((await github.issues.closeIssue(7)).ok).toBe(true);
  expect(failure(await github.issues.closeIssue(7))).toMatchObject({ retryAt: NOW + 5_000, reason: "socket hang up", unclear: true });
});

test("retries later after an expired token", async () => {
  const { github, api } = stage();
  api.patch(`${REPO}/issues/7`).reply(401, { message: "Bad credentials" });
  expect(failure(await github.issues.closeIssue(7))).toMatchObject({ kind: "later", reason: "Bad credentials", unclear: false });
});

test("treats a truncated answer as unclear", async () => {
  const { github, api } = stage();
  api.post(`${REPO}/issues/7/comments`).reply(201, '{"id": 12', { "content-type": "application/json" });
  expect(failure(await github.issues.comment(7, "x"))).toMatchObject({ kind: "later", unclear: true });
});

test("sends a request once, whatever the answer", async () => {
  const { github, api } = stage();
  api.post(`${REPO}/issues/7/comments`).reply(502);
  await github.issues.comment(7, "x");
  expect(github.requests().sent).toBe(1);
});

test("does not read unchanged answers again", async () => {
  const { github, api } = stage();
  const list = api
    .get(`${REPO}/issues/7/comments`)
    .query(true)
    .reply(200, [rawComment(1)], { etag: '"v1"', ...date(NOW) });
  list
    .get(`${REPO}/issues/7/comments`)
    .query(true)
    .matchHeader("if-none-match", '"v1"')
    .reply(304, undefined, date(NOW + 5_000));
  const first = await github.issues.commentsOn(7);
  expect(await github.issues.commentsOn(7)).toEqual(first);
  expect(github.requests()).toEqual({ sent: 1, notModified: 1 });
  expect(github.serverTime()).toBe(NOW + 5_000);
});

test("pins the API version and sends the token", async () => {
  const { github, api } = stage();
  api
    .patch(`${REPO}/issues/7`, { state: "closed", state_reason: "completed" })
    .matchHeader("x-github-api-version", "2022-11-28")
    .matchHeader("authorization", "token secret")
    .reply(200, {});
  expect((await github.issues.closeIssue(7)).ok).toBe(true);
});
