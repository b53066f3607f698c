import { expect, test } from "vitest";
import { cutText } from "../../src/job/cut-text.ts";
import { MAX_RESULT_TEXT_CHARS } from "../../src/storage/ledger/read-job-result.ts";

test.each([0, 1])(
  "a report that is too long is cut between characters (%s before), so that the ledger gives back what it was given",
  (before) => {
    const cut = cutText("x".repeat(before) + "🎉".repeat(MAX_RESULT_TEXT_CHARS));
    expect(cut.length).toBeLessThanOrEqual(MAX_RESULT_TEXT_CHARS);
    expect(Buffer.from(cut).toString("utf8")).toBe(cut);
  },
);
