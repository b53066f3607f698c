import { expect, test } from "vitest";
import { cutText } from "../../src/job/cut-text.ts";
import { MAX_RESULT_TEXT_CHARS } from "../../src/storage/ledger/read-job-result.ts";

test.each([0, 1])("cuts a long report between characters (%s before), so that the ledger returns it unchanged", (before) => {
  const cut = cutText("x".repeat(before) + "🎉".repeat(MAX_RESULT_TEXT_CHARS));
  expect(cut.length).toBeLessThanOrEqual(MAX_RESULT_TEXT_CHARS);
  expect(Buffer.from(cut).toString("utf8")).toBe(cut);
});
