import { expect, test } from "vitest";
import type { JobInputs } from "../../src/core/domain/effect.ts";
import { ownRun } from "../support/build.ts";
import { API, date, NOW, rawComment, rawPull, rawRun, REPO, stage, user, holdToPrepared } from "./stage.ts";

holdToPrepared();

const numbers = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);
const next = (path: string): Record<string, string> => ({ link: `<${API}${path}?page=2>; rel="next"` });

const inputs: JobInputs = { kind: "work", execution: "abc123", step: "one", attempt: "1", target: "abc123-one" };
const DISPATCH = `${REPO}/actions/workflows/enki-step.yml/dispatches`;

test("reads a list of more than a hundred completely", async () => {
  const { github, api } = stage();
  const path = `${REPO}/issues/7/comments`;
  api
    .get(path)
    .query({ per_page: 100, page: 1 })
    .reply(
      200,
      numbers(1, 100).map((id) => rawComment(id)),
      next(path),
    );
  api
    .get(path)
    .query({ per_page: 100, page: 2 })
    .reply(200, [rawComment(101)]);
  const reply = await github.issues.commentsOn(7);
  expect(reply.ok && reply.value.map(({ id }) => id)).toEqual(numbers(1, 101));
});

test("reads on after an unchanged full page", async () => {
  const { github, api } = stage();
  const path = `${REPO}/issues/7/comments`;
  const full = numbers(1, 100).map((id) => rawComment(id));
  api
    .get(path)
    .query({ per_page: 100, page: 1 })
    .reply(200, full, { etag: '"v1"' })
    .get(path)
    .query({ per_page: 100, page: 2 })
    .reply(200, []);
  api
    .get(path)
    .query({ per_page: 100, page: 1 })
    .reply(304)
    .get(path)
    .query({ per_page: 100, page: 2 })
    .reply(200, [rawComment(101)]);
  await github.issues.commentsOn(7);
  const reply = await github.issues.commentsOn(7);
  expect(reply.ok && reply.value.length).toBe(101);
});

test("sweeps comments from the last seen change, so that a moving one hides no other", async () => {
  const { github, api } = stage();
  const path = `${REPO}/issues/comments`;
  const at = (second: number): string => new Date(NOW + second * 1000).toISOString().replace(".000", "");
  const first = numbers(1, 100).map((id) => rawComment(id, { updated: at(id) }));
  api
    .get(path)
    .query({ since: new Date(NOW - 1000).toISOString(), sort: "updated", direction: "asc", per_page: 100, page: 1 })
    .reply(200, first, next(path));
  api
    .get(path)
    .query({ since: new Date(NOW + 99_000).toISOString(), sort: "updated", direction: "asc", per_page: 100, page: 1 })
    .reply(200, [first[99], rawComment(101, { updated: at(101) })], date(NOW + 500_000));
  const reply = await github.issues.commentsSince(NOW);
  expect(reply.ok && reply.value.comments.map(({ id }) => id)).toEqual(numbers(1, 101));
  expect(reply.ok && reply.value.until).toBe(NOW + 500_000);
});

test("reports how far a bounded sweep got", async () => {
  const { github, api } = stage();
  const path = `${REPO}/issues/comments`;
  for (const page of numbers(0, 10)) {
    const list = numbers(page * 100, 100).map((id) => rawComment(id, { updated: new Date(NOW + id * 1000).toISOString() }));
    api
      .get(path)
      .query(true)
      .reply(200, list, { ...next(path), ...date(NOW + 9_000_000) });
  }
  const reply = await github.issues.commentsSince(NOW);
  expect(reply.ok && reply.value.until).toBe(NOW + 999_000);
});

test("continues after a hundred comments in one second", async () => {
  const { github, api } = stage();
  const path = `${REPO}/issues/comments`;
  const list = numbers(1, 100).map((id) => rawComment(id, { updated: new Date(NOW).toISOString() }));
  api
    .get(path)
    .query((query) => query["page"] === "1")
    .reply(200, list, next(path))
    .get(path)
    .query((query) => query["page"] === "2")
    .reply(200, [rawComment(101)], date(NOW + 1000));
  const reply = await github.issues.commentsSince(NOW);
  expect(reply.ok && reply.value.comments.length).toBe(101);
});

test("reads a comment's author, place and whether a bot wrote it", async () => {
  const { github, api } = stage();
  const bot = { ...rawComment(3), user: user("enki[bot]", "Bot"), body: null };
  api
    .get(`${REPO}/issues/7/comments`)
    .query(true)
    .reply(200, [bot, { ...rawComment(4), user: null, html_url: "https://github.com/octo/demo/pull/7#issuecomment-4" }]);
  const at = Date.parse("2026-11-20T10:00:00Z");
  expect(await github.issues.commentsOn(7)).toEqual({
    ok: true,
    value: [
      { id: 3, issue: 7, onPull: false, by: "enki[bot]", bot: true, body: "", created: at, updated: at },
      { id: 4, issue: 7, onPull: true, by: "ghost", bot: false, body: "hello", created: at, updated: at },
    ],
  });
});

test("counts a missing comment as removed", async () => {
  const { github, api } = stage();
  api.delete(`${REPO}/issues/comments/3`).reply(204).delete(`${REPO}/issues/comments/3`).reply(404, { message: "Not Found" });
  expect(await github.issues.deleteComment(3)).toEqual({ ok: true, value: null });
  expect(await github.issues.deleteComment(3)).toEqual({ ok: true, value: null });
});

test("reads few pull requests with one request", async () => {
  const { github, api } = stage();
  api
    .get(`${REPO}/pulls`)
    .query({ state: "all", sort: "updated", direction: "desc", per_page: 100 })
    .reply(200, [rawPull(2), rawPull(1, { state: "closed", merged: true }), rawPull(3, { state: "closed" })]);
  const reply = await github.pulls.list();
  expect(reply.ok && reply.value.map(({ number, state }) => [number, state])).toEqual([
    [2, "open"],
    [1, "merged"],
    [3, "closed"],
  ]);
  expect(reply.ok && reply.value[0]).toEqual({
    number: 2,
    title: "",
    headRef: "task/abc123-one",
    head: "a".repeat(40),
    baseBranch: "main",
    state: "open",
    draft: false,
    labels: ["enki"],
    hasActivity: false,
  });
  expect(github.requests().sent).toBe(1);
});

test("finds an old open pull request behind a hundred others", async () => {
  const { github, api } = stage();
  api
    .get(`${REPO}/pulls`)
    .query((query) => query["state"] === "all")
    .reply(
      200,
      numbers(10, 100).map((id) => rawPull(id, { state: "closed" })),
    );
  api
    .get(`${REPO}/pulls`)
    .query((query) => query["state"] === "open")
    .reply(200, [rawPull(1)]);
  const reply = await github.pulls.list();
  expect(reply.ok && reply.value.filter(({ state }) => state === "open").map(({ number }) => number)).toEqual([1]);
});

test("ignores a fork's branch of the same name", async () => {
  const { github, api } = stage();
  api
    .get(`${REPO}/pulls`)
    .query(true)
    .reply(200, [rawPull(5, { from: "mallory" })]);
  const reply = await github.pulls.list();
  expect(reply.ok && reply.value[0]?.headRef).toBe("mallory:task/abc123-one");
});

test("ignores a deleted fork's branch", async () => {
  const { github, api } = stage();
  const orphan = rawPull(5, { from: "mallory" });
  api
    .get(`${REPO}/pulls`)
    .query(true)
    .reply(200, [{ ...orphan, head: { ...orphan.head, repo: null } }]);
  const reply = await github.pulls.list();
  expect(reply.ok && reply.value[0]?.headRef).toBe("mallory:task/abc123-one");
});

const asked = { head: "task/abc123-one", base: "main", title: "One", body: "…" };
const byHead = { state: "all", head: "octo:task/abc123-one", base: "main", sort: "created", direction: "desc", per_page: 100 };

test("uses a pull request that already exists", async () => {
  const { github, api } = stage();
  api
    .post(`${REPO}/pulls`, asked)
    .reply(422, { message: "Validation Failed", errors: [{ message: "A pull request already exists for octo:task/abc123-one." }] });
  api
    .get(`${REPO}/pulls`)
    .query(byHead)
    .reply(200, [rawPull(9, { state: "closed" }), rawPull(8)]);
  expect(await github.pulls.open(asked)).toEqual({ ok: true, value: { pull: 8 } });
});

test("reads back a pull request whose answer was lost", async () => {
  const { github, api } = stage();
  api
    .post(`${REPO}/pulls`)
    .reply(502)
    .get(`${REPO}/pulls`)
    .query(byHead)
    .reply(200, [rawPull(8)]);
  expect(await github.pulls.open(asked)).toEqual({ ok: true, value: { pull: 8 } });
});

test("retries later instead of opening a pull request twice behind a stale list", async () => {
  const { github, api } = stage();
  api.post(`${REPO}/pulls`).reply(500, { message: "oops" }).get(`${REPO}/pulls`).query(byHead).reply(200, []);
  expect(await github.pulls.open(asked)).toMatchObject({ ok: false, failure: { kind: "later", unclear: true, reason: "oops" } });
});

test("returns other validation errors as refusals", async () => {
  const { github, api } = stage();
  api
    .post(`${REPO}/pulls`)
    .reply(422, { message: "Validation Failed", errors: [{ message: "No commits between main and task/abc123-one" }] });
  expect(await github.pulls.open(asked)).toMatchObject({
    ok: false,
    failure: { kind: "refused", code: "invalid", reason: expect.stringContaining("No commits between") },
  });
});

test("reads reviews with person, verdict, commit and time; drafts and reviews without a commit do not count", async () => {
  const { github, api } = stage();
  const raw = (id: number, state: string, given = {}) => ({
    id,
    user: user("ann"),
    state,
    commit_id: "b".repeat(40),
    submitted_at: "2026-11-20T11:00:00Z",
    body: "",
    ...given,
  });
  api
    .get(`${REPO}/pulls/8/reviews`)
    .query(true)
    .reply(200, [
      raw(1, "APPROVED"),
      raw(2, "CHANGES_REQUESTED", { body: "no" }),
      raw(3, "DISMISSED"),
      raw(4, "COMMENTED"),
      raw(5, "PENDING", { submitted_at: null }),
      raw(6, "APPROVED", { commit_id: null }),
      raw(7, "APPROVED", { user: user("helper[bot]", "Bot") }),
    ]);
  const reply = await github.pulls.reviews(8);
  expect(reply.ok && reply.value.map(({ id, verdict, head, bot }) => [id, verdict, head.slice(0, 1), bot])).toEqual([
    [1, "approved", "b", false],
    [2, "changes-requested", "b", false],
    [3, "dismissed", "b", false],
    [4, "commented", "b", false],
    [6, "approved", "", false],
    [7, "approved", "b", true],
  ]);
});

test("opens no gate if there are more reviews than it reads", async () => {
  const { github, api } = stage();
  const path = `${REPO}/pulls/8/reviews`;
  const raw = (id: number) => ({
    id,
    user: user("ann"),
    state: "APPROVED",
    commit_id: "b".repeat(40),
    submitted_at: "2026-11-20T11:00:00Z",
    body: "",
  });
  api
    .get(path)
    .query(true)
    .times(30)
    .reply(
      200,
      numbers(1, 100).map((id) => raw(id)),
      next(path),
    );
  expect(await github.pulls.reviews(8)).toMatchObject({ ok: false, failure: { kind: "refused", code: "too-many" } });
});

test("starts a job at the default branch, which it reads once, and returns its run", async () => {
  const { github, api } = stage();
  api.get(REPO).reply(200, { default_branch: "trunk" });
  api
    .post(DISPATCH, { ref: "refs/heads/trunk", inputs, return_run_details: true })
    .reply(200, { workflow_run_id: 41, run_url: "…", html_url: "…" });
  api.post(DISPATCH).reply(204);
  expect(await github.runs.startJob(inputs)).toEqual({ ok: true, value: { run: 41 } });
  expect(await github.runs.startJob(inputs)).toEqual({ ok: true, value: { run: null } });
});

test("stops requesting run details from a server without them", async () => {
  const { github, api } = stage();
  api.get(REPO).reply(200, { default_branch: "main" });
  api
    .post(DISPATCH, (body: object) => "return_run_details" in body)
    .reply(422, { message: 'Invalid request. "return_run_details" is not a permitted key.' });
  api
    .post(DISPATCH, { ref: "refs/heads/main", inputs: { ...inputs } })
    .twice()
    .reply(204);
  expect(await github.runs.startJob(inputs)).toEqual({ ok: true, value: { run: null } });
  expect(await github.runs.startJob(inputs)).toEqual({ ok: true, value: { run: null } });
});

test("starts jobs without a title if the repository's workflow file has no such input", async () => {
  const { github, api } = stage();
  const titled = { ...inputs, title: "Fix it" };
  const hasTitle = (body: { inputs: object }): boolean => "title" in body.inputs;
  const hasNone = (body: { inputs: object }): boolean => !hasTitle(body);
  api.get(REPO).reply(200, { default_branch: "main" });
  api.post(DISPATCH, hasTitle).reply(422, { message: 'Unexpected inputs provided: ["title"]' });
  api.post(DISPATCH, hasNone).times(100).reply(200, { workflow_run_id: 5 });
  api.post(DISPATCH, hasTitle).reply(200, { workflow_run_id: 6 });
  // The refusal counts for a hundred jobs; afterwards the workflow file may have a newer version.
  for (const _ of numbers(1, 100)) expect(await github.runs.startJob(titled)).toEqual({ ok: true, value: { run: 5 } });
  expect(await github.runs.startJob(titled)).toEqual({ ok: true, value: { run: 6 } });
});

test("starts a job on an old server, from an old workflow file, on a renamed branch", async () => {
  const { github, api } = stage();
  api.get(REPO).reply(200, { default_branch: "master" }, { etag: '"1"' }).get(REPO).reply(200, { default_branch: "main" });
  api.post(DISPATCH).reply(422, { message: 'Invalid request. "return_run_details" is not a permitted key.' });
  api.post(DISPATCH).reply(422, { message: "No ref found for: refs/heads/master" });
  api.post(DISPATCH).reply(422, { message: 'Unexpected inputs provided: ["title"]' });
  api.post(DISPATCH, { ref: "refs/heads/main", inputs: { ...inputs } }).reply(204);
  expect(await github.runs.startJob({ ...inputs, title: "Fix it" })).toEqual({ ok: true, value: { run: null } });
});

test("refuses inputs that a workflow file lacks besides the title", async () => {
  const { github, api } = stage();
  api.get(REPO).reply(200, { default_branch: "main" });
  api.post(DISPATCH).reply(422, { message: 'Unexpected inputs provided: ["kind"]' });
  expect(await github.runs.startJob({ ...inputs, title: "Fix it" })).toMatchObject({ ok: false, failure: { code: "invalid" } });
});

test("reads a renamed default branch again", async () => {
  const { github, api } = stage();
  api.get(REPO).reply(200, { default_branch: "master" }, { etag: '"1"' }).get(REPO).reply(200, { default_branch: "main" });
  api
    .post(DISPATCH, (body: { ref: string }) => body.ref === "refs/heads/master")
    .reply(422, { message: "No ref found for: refs/heads/master" });
  api.post(DISPATCH, (body: { ref: string }) => body.ref === "refs/heads/main").reply(200, { workflow_run_id: 5 });
  expect(await github.runs.startJob(inputs)).toEqual({ ok: true, value: { run: 5 } });
});

test("refuses to start a missing workflow file and lists no runs of it", async () => {
  const { github, api } = stage();
  api.get(REPO).reply(200, { default_branch: "main" }).post(DISPATCH).reply(404, { message: "Not Found" });
  api.get(`${REPO}/actions/workflows/enki-step.yml/runs`).query({ per_page: 100 }).reply(404, { message: "Not Found" });
  expect(await github.runs.startJob(inputs)).toMatchObject({ ok: false, failure: { code: "not-found" } });
  expect(await github.runs.list()).toEqual({ ok: true, value: [] });
});

test("reads a run's name from its display title, without the title of the job", async () => {
  const { github, api } = stage();
  const list = [
    rawRun(3, "work/abc123-one/1", "queued"),
    rawRun(2, "plan/abc123/1 · Fix it · now"),
    rawRun(1, "plan/abc123/1", "completed"),
  ];
  api.get(`${REPO}/actions/workflows/enki-step.yml/runs`).query(true).reply(200, { total_count: 3, workflow_runs: list });
  expect(await github.runs.list()).toEqual({
    ok: true,
    value: [
      ownRun(3, "work/abc123-one/1", { state: "waiting" }),
      ownRun(2, "plan/abc123/1"),
      ownRun(1, "plan/abc123/1", { state: "done", conclusion: "success" }),
    ],
  });
});

test.each([202, 404, 409])("succeeds in stopping a run that answers %i", async (status) => {
  const { github, api } = stage();
  api.post(`${REPO}/actions/runs/3/cancel`).reply(status, { message: "Cannot cancel a workflow run that is completed." });
  expect(await github.runs.stop(3)).toEqual({ ok: true, value: null });
});

test("returns a refusal for a run that Enki may not stop", async () => {
  const { github, api } = stage();
  api.post(`${REPO}/actions/runs/3/cancel`).reply(403, { message: "Resource not accessible by integration" });
  expect(await github.runs.stop(3)).toMatchObject({ ok: false, failure: { code: "not-allowed" } });
});

test.each([
  ["admin", "admin"],
  ["maintain", "write"],
  ["write", "write"],
  ["triage", "read"],
  ["read", "read"],
  ["none", "none"],
  ["owner-of-everything", "none"],
])("permission %s is %s", async (permission, expected) => {
  const { github, api } = stage();
  api.get(`${REPO}/collaborators/ann/permission`).reply(200, { permission, role_name: permission });
  expect(await github.people.permission("ann")).toEqual({ ok: true, value: expected });
});

test("an unknown person has no permission, and a strange name is escaped in the address", async () => {
  const { github, api } = stage();
  api.get(`${REPO}/collaborators/..%2F..%2Fevil/permission`).reply(404, { message: "Not Found" });
  expect(await github.people.permission("../../evil")).toEqual({ ok: true, value: "none" });
});

test("an unreadable permission is neither a permission nor an answer", async () => {
  const { github, api } = stage();
  api.get(`${REPO}/collaborators/ann/permission`).reply(503);
  expect(await github.people.permission("ann")).toMatchObject({ ok: false, failure: { kind: "later" } });
});

test("sets a status with Enki's context and a text that fits", async () => {
  const { github, api } = stage();
  const commit = "c".repeat(40);
  const bodies: { description: string; context: string }[] = [];
  api
    .post(`${REPO}/statuses/${commit}`, (body: { description: string; context: string }) => bodies.push(body) > 0)
    .twice()
    .reply(201, {});
  await github.checks.setStatus({ commit, state: "success", text: "landed" });
  await github.checks.setStatus({ commit, state: "failure", text: "🙂".repeat(200) });
  expect(bodies).toMatchObject([
    { description: "landed", context: "enki/refinery", state: "success" },
    { description: `${"🙂".repeat(139)}…`, state: "failure" },
  ]);
});

test("uses a given Octokit with its retries switched off", async () => {
  const { connectGitHub } = await import("../../src/github/connect-github.ts");
  const seen: unknown[] = [];
  const octokit = {
    request: (route: string, parameters?: Record<string, unknown>) => {
      seen.push([route, parameters?.["issue_number"], parameters?.["request"]]);
      return Promise.resolve({ status: 200, headers: {}, data: {} });
    },
  };
  await connectGitHub({ octokit, owner: "octo", repo: "demo", clock: () => NOW }).issues.closeIssue(7);
  expect(seen).toEqual([["PATCH /repos/{owner}/{repo}/issues/{issue_number}", 7, expect.objectContaining({ retries: 0 })]]);
});
