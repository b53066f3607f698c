import { expect, test } from "vitest";
import { readWebhook } from "../../src/events/webhook.ts";

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

test("a comment with a command is a fact with its own id", () => {
  expect(readWebhook("issue_comment", payload(), "enki[bot]")).toEqual([
    {
      kind: "commanded",
      id: "comment:42",
      at: Date.parse("2026-01-01T00:00:00Z"),
      issue: 7,
      onPull: false,
      source: { kind: "comment", id: 42 },
      by: "maintainer",
      edited: false,
      requests: [{ ok: true, command: { kind: "help" } }],
    },
  ]);
});

test("a comment on a pull request says so", () => {
  const { comment } = payload();
  const told = { action: "created", issue: { number: 7, pull_request: { url: "u" } }, comment };
  expect(readWebhook("issue_comment", told, "enki[bot]")).toMatchObject([{ issue: 7, onPull: true }]);
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

test("the end of one of our runs names its job; what people do to pull requests is told, what we did is a bare wake-up", () => {
  const run = (title: string) => readWebhook("workflow_run", { action: "completed", workflow_run: { display_title: title } }, "enki[bot]");
  expect(run("work/abcdef-fix/2")).toEqual([{ kind: "woken", ended: "work/abcdef-fix/2" }]);
  expect(run("CI")).toEqual([{ kind: "woken" }]);
  const pull = (action: string, login: string) => readWebhook("pull_request", { action, sender: { login } }, "enki[bot]");
  expect(pull("labeled", "maintainer")).toEqual([{ kind: "woken", people: "pulls" }]);
  expect(pull("closed", "enki[bot]")).toEqual([{ kind: "woken" }]);
  expect(pull("synchronize", "maintainer")).toEqual([{ kind: "woken" }]);
  expect(readWebhook("pull_request_review", {}, "enki[bot]")).toEqual([{ kind: "woken", people: "reviews" }]);
  expect(readWebhook("push", {}, "enki[bot]")).toEqual([{ kind: "woken" }]);
  expect(readWebhook("star", {}, "enki[bot]")).toEqual([]);
});
