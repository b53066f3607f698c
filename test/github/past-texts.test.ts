import { readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { expect, test } from "vitest";
import { COMMENT_EDITS_QUERY } from "../../src/github/comment-edits.ts";
import { TEXTS_QUERY } from "../../src/github/past-texts.ts";
import { holdToPrepared, stage } from "./stage.ts";

holdToPrepared();

const SCHEMA = new URL("../../node_modules/@octokit/graphql-schema/schema.graphql", import.meta.url);

test("queries about an issue's texts are valid by GitHub's schema", () => {
  const schema = buildSchema(readFileSync(SCHEMA, "utf8"), { assumeValidSDL: true });
  for (const query of [TEXTS_QUERY, COMMENT_EDITS_QUERY]) expect(validate(schema, parse(query))).toEqual([]);
});

/** Returns a time by its minute. */
const at = (minute: number): string => `2026-11-20T12:${String(minute).padStart(2, "0")}:00Z`;
const COMMAND = Date.parse(at(10));
const edit = (minute: number, diff: string | null, deleted = false) => ({
  editedAt: at(minute),
  deletedAt: deleted ? at(30) : null,
  diff,
});
const rename = (minute: number, previousTitle: string) => ({ createdAt: at(minute), previousTitle });
const SAME = { kind: "same" };

test.each([
  ["nothing was changed", { edits: [], renames: [] }, SAME, SAME],
  ["it was changed before only", { edits: [edit(5, "new"), edit(0, "old")], renames: [rename(5, "Old")] }, SAME, SAME],
  ["in the very second", { edits: [edit(10, "new"), edit(0, "old")], renames: [rename(10, "Old")] }, SAME, SAME],
  [
    "it was changed twice since, the newest edit first",
    { edits: [edit(20, "c"), edit(15, "b"), edit(0, "a")], renames: [rename(12, "A"), rename(15, "B")] },
    { kind: "was", text: "A" },
    { kind: "was", text: "a" },
  ],
  [
    "it was changed before and since",
    { edits: [edit(20, "c"), edit(5, "b"), edit(0, "a")], renames: [rename(5, "A"), rename(15, "B")] },
    { kind: "was", text: "B" },
    { kind: "was", text: "b" },
  ],
  ["it was empty", { edits: [edit(20, "c"), edit(0, "")], renames: [] }, SAME, { kind: "was", text: "" }],
  [
    "somebody deleted that version, so that nobody reads it",
    { edits: [edit(20, "c"), edit(5, "b", true), edit(0, "a")], renames: [] },
    SAME,
    { kind: "unknown", edited: Date.parse(at(20)) },
  ],
  [
    "GitHub lists neither that version nor that name",
    { edits: [edit(20, "c")], renames: [rename(11, "A"), rename(12, "B")], more: true },
    { kind: "unknown", edited: Date.parse(at(12)) },
    { kind: "unknown", edited: Date.parse(at(20)) },
  ],
])("reads title and text at a time if %s", async (_, { edits, renames, more = false }: Given, title, body) => {
  const { github, api } = stage();
  const issueOrPullRequest = {
    lastEditedAt: edits[0]?.editedAt ?? null,
    userContentEdits: { nodes: edits },
    timelineItems: { nodes: renames, pageInfo: { hasPreviousPage: more } },
  };
  api.post("/graphql", (sent) => sent.variables.issue === 7).reply(200, { data: { repository: { issueOrPullRequest } } });
  expect(await github.issues.textsAt(7, COMMAND)).toEqual({ ok: true, value: { title, body } });
});

type Given = {
  readonly edits: readonly ReturnType<typeof edit>[];
  readonly renames: readonly ReturnType<typeof rename>[];
  readonly more?: boolean;
};
