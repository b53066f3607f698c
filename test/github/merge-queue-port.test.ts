import { readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { expect, test } from "vitest";
import { QUEUE_QUERIES } from "../../src/github/merge-queue-port.ts";
import { REVIEW_QUERIES } from "../../src/github/review-queries.ts";
import { holdToPrepared, stage } from "./stage.ts";

holdToPrepared();

const SCHEMA = new URL("../../node_modules/@octokit/graphql-schema/schema.graphql", import.meta.url);

test("queries about the merge queue and reviews are valid by GitHub's schema", () => {
  const schema = buildSchema(readFileSync(SCHEMA, "utf8"), { assumeValidSDL: true });
  for (const query of Object.values({ ...QUEUE_QUERIES, ...REVIEW_QUERIES })) expect(validate(schema, parse(query))).toEqual([]);
});

const pull = (over: object) => ({
  data: {
    repository: {
      pullRequest: { id: "PR_1", state: "OPEN", mergeCommit: null, mergeQueueEntry: null, timelineItems: { nodes: [] }, ...over },
    },
  },
});

test.each([
  [{ mergeQueueEntry: { position: 2, headCommit: { oid: "a" } } }, { kind: "queued", position: 2, group: "a" }],
  [{ mergeQueueEntry: { position: 1, headCommit: null } }, { kind: "queued", position: 1, group: null }],
  [
    { state: "MERGED", mergeCommit: { oid: "b" } },
    { kind: "merged", commit: "b" },
  ],
  [{ timelineItems: { nodes: [{ reason: "CI_FAILURE" }] } }, { kind: "out", reason: "CI_FAILURE" }],
  [{ timelineItems: { nodes: [{}] } }, { kind: "out", reason: null }],
])("reads a pull request's position: %j", async (over, entry) => {
  const { github, api } = stage();
  api.post("/graphql").reply(200, pull(over));
  expect(await github.queue.entry(7)).toEqual({ ok: true, value: entry });
});

test("queues a pull request by its id and exact head; a rejection is a refusal with GitHub's message", async () => {
  const { github, api } = stage();
  api.post("/graphql").reply(200, pull({}));
  const sent: unknown[] = [];
  api
    .post("/graphql", (body) => {
      sent.push(body.variables);
      return true;
    })
    .reply(200, { data: { enqueuePullRequest: null }, errors: [{ type: "UNPROCESSABLE", message: "Pull request is in draft state" }] });
  expect(await github.queue.enqueue(7, "a".repeat(40))).toEqual({
    ok: false,
    failure: { kind: "refused", code: "invalid", reason: "Pull request is in draft state" },
  });
  expect(sent).toMatchObject([{ id: "PR_1", head: "a".repeat(40) }]);
});

test("treats a limit inside an answer with errors as a limit", async () => {
  const { github, api } = stage();
  const headers = { "retry-after": "60" };
  api.post("/graphql").reply(200, { errors: [{ type: "RATE_LIMITED", message: "API rate limit exceeded for installation." }] }, headers);
  expect(await github.queue.entry(7)).toMatchObject({ ok: false, failure: { kind: "later", unclear: false } });
  expect(await github.queue.entry(7)).toMatchObject({ ok: false, failure: { kind: "later" } });
});
