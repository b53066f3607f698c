import { expect, test } from "vitest";
import { isEnkiComment, writeMarker } from "../../../src/core/messages/comment-marker.ts";

const marked = `${writeMarker({ kind: "execution", id: "abcdef" })}\n\nReading the code.`;

test.each([
  ["an App's with a marker", "enki-app[bot]", marked, true],
  ["a job's with a marker", "github-actions[bot]", marked, true],
  ["another workflow's, by the same account", "github-actions[bot]", "Deployed.", false],
  ["a person's with a copied marker", "octocat", marked, false],
])("of comments, %s counts as Enki's: %s", (_, by, body, counts) => {
  expect(isEnkiComment({ by, body })).toBe(counts);
});
