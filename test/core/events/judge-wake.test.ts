import { expect, test } from "vitest";
import { judgeWake } from "../../../src/core/events/judge-wake.ts";
import { readWebhook } from "../../../src/core/events/read-webhook.ts";

const SELF = "github-actions[bot]";
const comment = (body: string, over: { login?: string; type?: string; onPull?: boolean } = {}) =>
  readWebhook(
    "issue_comment",
    {
      action: "created",
      issue: { number: 7, ...(over.onPull && { pull_request: {} }) },
      comment: {
        id: 42,
        user: { login: over.login ?? "ada", type: over.type ?? "User" },
        body,
        created_at: "2026-01-01T00:00:00Z",
        updated_at: "2026-01-01T00:00:00Z",
      },
    },
    SELF,
  );

test.each([
  ["a command depends on its author's permission", "/enki fix it", { kind: "depends", author: "ada", needed: "write" }],
  ["what everybody may ask needs to read only", "/enki status", { kind: "depends", author: "ada", needed: "read" }],
  [
    "of several commands the one that needs least decides",
    "/enki fix it\n\n/enki help",
    { kind: "depends", author: "ada", needed: "read" },
  ],
  ["a command that is not understood waits for somebody who could give it", "/enki frobnicate", { kind: "depends", needed: "write" }],
  ["a talk about Enki is ignored", "I would ask `/enki fix` for this, @bob > me", { kind: "ignored" }],
])("%s", (_, body, verdict) => {
  expect(judgeWake(comment(body))).toMatchObject(verdict);
});

test("a remark on a pull request waits for the next job, and a bot's text needs none", () => {
  expect(judgeWake(comment("Nice work", { onPull: true }))).toEqual({ kind: "ignored" });
  expect(judgeWake(comment("/enki fix it", { login: "helper[bot]", type: "Bot" }))).toEqual({ kind: "ignored" });
  expect(judgeWake(comment("/enki fix it", { login: SELF }))).toEqual({ kind: "ignored" });
});

test("what reports no text wakes: a label, a job's end, a dispatch", () => {
  const sender = { login: "ada", type: "User" };
  const issue = { number: 7, user: sender, body: "", created_at: "2026-01-01T00:00:00Z" };
  expect(judgeWake(readWebhook("issues", { action: "labeled", sender, issue, label: { name: "enki" } }, SELF))).toEqual({ kind: "wanted" });
  expect(judgeWake(readWebhook("repository_dispatch", { action: "enki" }, SELF))).toEqual({ kind: "wanted" });
  expect(judgeWake(readWebhook("workflow_run", { action: "completed", workflow_run: { display_title: "x" } }, SELF))).toEqual({
    kind: "wanted",
  });
});
