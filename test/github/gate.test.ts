import { expect, test } from "vitest";
import { API, REPO, stage, holdToPrepared } from "./stage.ts";

holdToPrepared();

const SHA = "a".repeat(40);
const at = (second: number): string => new Date(second * 1_000).toISOString();
const run = (id: number, over: object = {}) => ({
  id,
  name: `check ${id}`,
  status: "completed",
  conclusion: "success",
  started_at: at(1),
  completed_at: at(2),
  app: { id: 15_368, slug: "github-actions" },
  ...over,
});
const RUNS = `${REPO}/commits/${SHA}/check-runs`;
const STATUSES = `${REPO}/commits/${SHA}/statuses`;

test("reads all check runs and statuses of a commit, also more than a hundred", async () => {
  const { github, api } = stage();
  const first = Array.from({ length: 100 }, (_, index) => run(index + 1));
  const page = (number: number) => ({ filter: "all", per_page: 100, page: number });
  api
    .get(RUNS)
    .query(page(1))
    .reply(200, { total_count: 101, check_runs: first }, { link: `<${API}${RUNS}?page=2>; rel="next"` });
  api
    .get(RUNS)
    .query(page(2))
    .reply(200, { total_count: 101, check_runs: [run(101, { status: "queued", conclusion: null, completed_at: null })] });
  const creator = { login: "ci[bot]", type: "Bot" };
  const status = { id: 7, context: "build", state: "error", creator, created_at: at(3), updated_at: at(3) };
  api.get(STATUSES).query({ per_page: 100, page: 1 }).reply(200, [status]);
  const reply = await github.checks.list(SHA);
  const all = reply.ok ? reply.value : [];
  expect(all).toHaveLength(102);
  expect(all[0]).toEqual({
    id: 1,
    name: "check 1",
    app: { id: 15_368, slug: "github-actions" },
    state: "success",
    startedAt: 1_000,
    updatedAt: 2_000,
  });
  expect(all[100]).toMatchObject({ state: "queued", updatedAt: 1_000 });
  expect(all[101]).toEqual({ id: 7, name: "build", app: { id: null, slug: "ci" }, state: "error", startedAt: 3_000, updatedAt: 3_000 });
});

test("reads a branch's rules: the strictest of each kind, checks with apps, and unknown kinds", async () => {
  const { github, api } = stage();
  const list = [
    { type: "pull_request", parameters: { required_approving_review_count: 1, allowed_merge_methods: ["merge", "squash"] } },
    { type: "pull_request", parameters: { required_approving_review_count: 2, allowed_merge_methods: ["merge", "rebase"] } },
    {
      type: "required_status_checks",
      parameters: { required_status_checks: [{ context: "build", integration_id: 7 }, { context: "lint" }] },
    },
    { type: "of_tomorrow", parameters: { required_status_checks: "what?" } },
  ];
  api.get(`${REPO}/rules/branches/main`).query({ per_page: 100 }).reply(200, list);
  expect(await github.checks.rules("main")).toEqual({
    ok: true,
    value: {
      isReadable: true,
      types: ["pull_request", "required_status_checks", "of_tomorrow"],
      checks: [
        { name: "build", app: "7" },
        { name: "lint", app: null },
      ],
      requiredReviews: 2,
      allowedMethods: ["merge"],
    },
  });
});

test.each([
  ["40 the base had just moved", 405, "Base branch was modified. Review and try the merge again.", { kind: "refused", code: "base-moved" }],
  ["a rule, or merged already", 405, "Pull Request is not mergeable", { kind: "refused", code: "not-mergeable" }],
  ["the head moved", 409, "Head branch was modified. Review and try the merge again.", { kind: "refused", code: "conflict" }],
  ["a rule of the branch", 422, "Validation Failed", { kind: "refused", code: "invalid" }],
  ["a right that is not there", 403, "Resource not accessible by integration", { kind: "refused", code: "not-allowed" }],
  ["it is gone", 404, "Not Found", { kind: "refused", code: "not-found" }],
  ["38 it may have merged", 500, "Server Error", { kind: "later", unclear: true }],
  ["a limit", 429, "You have exceeded a secondary rate limit", { kind: "later", unclear: false }],
])("a merge that GitHub rejects: %s", async (_, status, message, failure) => {
  const { github, api } = stage();
  api.put(`${REPO}/pulls/7/merge`, { sha: SHA, merge_method: "merge" }).reply(status, { message });
  expect(await github.pulls.merge(7, SHA)).toMatchObject({ ok: false, failure });
});

test.each([
  [{ allow_merge_commit: false, allow_squash_merge: true, allow_rebase_merge: true }, ["squash", "rebase"]],
  [{ allow_merge_commit: true, allow_squash_merge: false, allow_rebase_merge: false }, ["merge"]],
  [{ default_branch: "main" }, null],
])("reads the allowed merge methods: %j", async (settings, methods) => {
  const { github, api } = stage();
  api.get(REPO).reply(200, settings);
  expect(await github.checks.mergeMethods()).toEqual({ ok: true, value: methods });
});

test.each([
  [undefined, { merge_method: "merge" }],
  [{ method: "rebase" } as const, { merge_method: "rebase" }],
  [
    { method: "squash", title: "Do it (#7)", message: "Enki-Task: a-b" } as const,
    { merge_method: "squash", commit_title: "Do it (#7)", commit_message: "Enki-Task: a-b" },
  ],
])("merges a pull request with the requested method and its exact head: %j", async (how, body) => {
  const { github, api } = stage();
  api.put(`${REPO}/pulls/7/merge`, { sha: SHA, ...body }).reply(200, { sha: SHA, merged: true, message: "merged" });
  expect(await github.pulls.merge(7, SHA, how)).toEqual({ ok: true, value: null });
});

test("reads settings that disallow a method each time, because a person may change them", async () => {
  const { github, api } = stage();
  const settings = { allow_merge_commit: true, allow_squash_merge: false, allow_rebase_merge: true };
  api.get(REPO).reply(200, settings);
  api.get(REPO).reply(200, { ...settings, allow_squash_merge: true });
  expect(await github.checks.mergeMethods()).toEqual({ ok: true, value: ["merge", "rebase"] });
  // Every method is allowed, so the adapter does not ask again at once.
  for (let time = 0; time < 2; time += 1)
    expect(await github.checks.mergeMethods()).toEqual({ ok: true, value: ["merge", "squash", "rebase"] });
});
