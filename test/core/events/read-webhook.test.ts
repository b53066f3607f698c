import { expect, test } from "vitest";
import { readWebhook } from "../../../src/core/events/read-webhook.ts";

const payload = (over: { body?: string; login?: string; type?: string; action?: string; updated?: string } = {}) => ({
  action: over.action ?? "created",
  issue: { number: 7 },
  comment: {
    id: 42,
    user: { login: over.login ?? "maintainer", type: over.type ?? "User" },
    body: over.body ?? "/enki help",
    created_at: "2026-01-01T00:00:00Z",
    updated_at: over.updated ?? "2026-01-01T00:00:00Z",
  },
});

test("a comment with a command yields an event with the comment's id", () => {
  expect(readWebhook("issue_comment", payload(), "enki[bot]")).toEqual([
    {
      kind: "commanded",
      id: "comment:42",
      at: Date.parse("2026-01-01T00:00:00Z"),
      issue: 7,
      onPullRequest: false,
      source: { kind: "comment", id: 42 },
      by: "maintainer",
      edited: false,
      requests: [{ ok: true, command: { kind: "help" } }],
    },
  ]);
});

test("a comment on a pull request is marked as such", () => {
  const { comment } = payload();
  const told = { action: "created", issue: { number: 7, pull_request: { url: "u" } }, comment };
  expect(readWebhook("issue_comment", told, "enki[bot]")).toMatchObject([{ issue: 7, onPullRequest: true }]);
});

test.each([
  ["without a command", payload({ body: "nice" })],
  ["B-04 of a bot", payload({ login: "other[bot]", type: "Bot" })],
  ["of our own", payload({ login: "enki[bot]" })],
  ["that was edited, which is another event", payload({ action: "edited" })],
  ["of another form", { action: "created" }],
  ["that is nothing at all", null],
])("a comment %s gives no event", (_, body) => {
  expect(readWebhook("issue_comment", body, "enki[bot]")).toEqual([]);
});

test("B-29 a comment whose text changed before the delivery is marked", () => {
  expect(readWebhook("issue_comment", payload({ updated: "2026-01-01T00:00:09Z" }), "enki[bot]")).toMatchObject([{ edited: true }]);
});

test("a finished run names its job; people's pull request activity is reported, Enki's own is a bare wake-up", () => {
  const run = (title: string) => readWebhook("workflow_run", { action: "completed", workflow_run: { display_title: title } }, "enki[bot]");
  expect(run("work/abcdef-fix/2")).toEqual([{ kind: "woken", endedJob: "work/abcdef-fix/2" }]);
  expect(run("work/abcdef-fix/2 · Fix plan/abcdef/1 · now")).toEqual([{ kind: "woken", endedJob: "work/abcdef-fix/2" }]);
  expect(run("CI · work/abcdef-fix/2")).toEqual([{ kind: "woken" }]);
  expect(run("CI")).toEqual([{ kind: "woken" }]);
  const pull = (action: string, login: string) => readWebhook("pull_request", { action, sender: { login } }, "enki[bot]");
  expect(pull("labeled", "maintainer")).toEqual([{ kind: "woken", activity: "pulls" }]);
  expect(pull("closed", "enki[bot]")).toEqual([{ kind: "woken" }]);
  expect(pull("synchronize", "maintainer")).toEqual([{ kind: "woken" }]);
  expect(readWebhook("pull_request_review", {}, "enki[bot]")).toEqual([{ kind: "woken", activity: "reviews" }]);
  for (const name of ["push", "merge_group"]) expect(readWebhook(name, {}, "enki[bot]")).toEqual([{ kind: "woken" }]);
  expect(readWebhook("star", {}, "enki[bot]")).toEqual([]);
});

const AT = "2026-01-01T00:00:00Z";
const review = (over: { action?: string; body?: string | null; login?: string; state?: string } = {}) => ({
  action: over.action ?? "submitted",
  review: {
    id: 70,
    user: { login: over.login ?? "maintainer", type: "User" },
    body: over.body ?? null,
    submitted_at: AT,
    state: over.state ?? "approved",
  },
  pull_request: { number: 9 },
});
const REVIEWED = { kind: "woken", activity: "reviews", pull: 9 };

test("a review names its pull request; its commands have the review's id, and other text is a remark", () => {
  const read = (over: Parameters<typeof review>[0]) => readWebhook("pull_request_review", review(over), "enki[bot]");
  expect(read({})).toEqual([REVIEWED]);
  expect(read({ body: "Not like this." })).toEqual([REVIEWED, { kind: "remarked", id: "review:70", pull: 9 }]);
  expect(read({ body: "Not like this.\n\n/enki retry" })).toMatchObject([
    REVIEWED,
    {
      kind: "commanded",
      id: "review:70",
      issue: 9,
      onPullRequest: true,
      source: { kind: "review", id: 70 },
      by: "maintainer",
      edited: false,
    },
    { kind: "remarked", id: "review:70", pull: 9 },
  ]);
  expect(read({ body: "/enki retry" })).toMatchObject([REVIEWED, { kind: "commanded" }]);
  expect(read({ action: "edited", body: "/enki retry" }), "it may come before the submission").toEqual([REVIEWED]);
  expect(read({ action: "dismissed", body: "/enki retry" })).toEqual([REVIEWED]);
  expect(read({ state: "commented", body: "/enki retry" })).toMatchObject([{ kind: "commanded" }]);
  expect(read({ state: "commented" }), "comments on lines come as reviews without words").toEqual([]);
  expect(read({ body: "/enki retry", login: "other[bot]" })).toEqual([]);
  expect(read({ body: "/enki retry", login: "enki[bot]" })).toEqual([]);
});

test("a line comment names its thread; edited, deleted and bots' line comments yield nothing", () => {
  const line = (over: { action?: string; login?: string; reply?: number; updated?: string } = {}) => ({
    action: over.action ?? "created",
    comment: {
      id: 80,
      ...(over.reply !== undefined && { in_reply_to_id: over.reply }),
      user: { login: over.login ?? "maintainer", type: "User" },
      body: "Why?\n\n/enki help",
      created_at: AT,
      updated_at: over.updated ?? AT,
    },
    pull_request: { number: 9 },
  });
  const read = (over: Parameters<typeof line>[0] = {}) => readWebhook("pull_request_review_comment", line(over), "enki[bot]");
  expect(read()).toMatchObject([
    { kind: "commanded", id: "review-comment:80", issue: 9, onPullRequest: true, source: { kind: "review-comment", id: 80, thread: 80 } },
    { kind: "remarked", id: "review-comment:80", pull: 9 },
  ]);
  expect(read({ reply: 71 })).toMatchObject([{ source: { id: 80, thread: 71 } }, { kind: "remarked" }]);
  // GitHub's own example of this event was updated a second after its creation, when its review was submitted.
  expect(read({ updated: "2026-01-01T00:00:09Z" })).toMatchObject([
    { edited: false, at: Date.parse("2026-01-01T00:00:09Z") },
    { kind: "remarked" },
  ]);
  for (const over of [{ action: "edited" }, { action: "deleted" }, { login: "enki[bot]" }, { login: "other[bot]" }])
    expect(read(over)).toEqual([]);
  expect(readWebhook("pull_request_review_comment", { action: "created" }, "enki[bot]")).toEqual([]);
});

test("text is a remark on a pull request, but not on an issue", () => {
  const { comment } = payload({ body: "Looks odd to me." });
  expect(readWebhook("issue_comment", { action: "created", issue: { number: 7, pull_request: {} }, comment }, "enki[bot]")).toEqual([
    { kind: "remarked", id: "comment:42", pull: 7 },
  ]);
});

const issues = (action: string, over: { body?: string; by?: string; sender?: string; label?: string; assignee?: string } = {}) => ({
  action,
  issue: { number: 7, user: { login: over.by ?? "maintainer" }, body: over.body ?? "/enki help", created_at: "2026-01-01T00:00:00Z" },
  sender: { login: over.sender ?? "maintainer", type: (over.sender ?? "").endsWith("[bot]") ? "Bot" : "User" },
  ...(over.label !== undefined && { label: { name: over.label } }),
  ...(over.assignee !== undefined && { assignee: { login: over.assignee } }),
});
const told = (...given: Parameters<typeof issues>) => readWebhook("issues", issues(...given), "enki[bot]");

test("a command in a new issue yields an event with the issue's number", () => {
  expect(told("opened", { body: "Uploads fail.\n\n@enki fix" })).toEqual([
    {
      kind: "commanded",
      id: "issue:7",
      at: Date.parse("2026-01-01T00:00:00Z"),
      issue: 7,
      onPullRequest: false,
      source: { kind: "issue" },
      by: "maintainer",
      edited: false,
      requests: [{ ok: true, command: { kind: "do", text: "" } }],
    },
  ]);
});

test("a label or an assignment to Enki is a wake-up, because only the history names its author", () => {
  expect(told("labeled", { label: "enki" })).toEqual([{ kind: "woken", trigger: { kind: "label", name: "enki" } }]);
  expect(told("assigned", { assignee: "Enki[bot]" })).toEqual([{ kind: "woken", trigger: { kind: "assignment" } }]);
});

test.each([
  ["without a command", "opened", { body: "Uploads fail." }],
  ["of a bot", "opened", { by: "sentry[bot]" }],
  ["of our own", "opened", { by: "enki[bot]" }],
  ["that was edited", "edited", {}],
  ["that was closed", "closed", {}],
  ["whose label a bot set", "labeled", { label: "enki", sender: "sorter[bot]" }],
  ["that lost its label", "unlabeled", { label: "enki" }],
  ["that is assigned to a person", "assigned", { assignee: "ann" }],
] as const)("an issue %s gives no event", (_, action, over) => {
  expect(told(action, over)).toEqual([]);
  expect(readWebhook("issues", { action }, "enki[bot]")).toEqual([]);
});
