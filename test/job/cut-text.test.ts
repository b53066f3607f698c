import { describe, expect, test } from "vitest";
import { cutAnswer, cutText, redactEnds } from "../../src/job/cut-text.ts";
import { MAX_RESULT_TEXT_CHARS } from "../../src/storage/ledger/read-job-result.ts";

const KEY = "the-key-of-the-model";
const MILLION = 1_000_000;
const words = (chars: number): string => "some words of an answer\n".repeat(Math.ceil(chars / 24)).slice(0, chars);

test.each([0, 1])("cuts a long report between characters (%s before), so that the ledger returns it unchanged", (before) => {
  const cut = cutText(redactEnds("x".repeat(before) + "🎉".repeat(MAX_RESULT_TEXT_CHARS), []));
  expect(cut.length).toBeLessThanOrEqual(MAX_RESULT_TEXT_CHARS);
  expect(Buffer.from(cut).toString("utf8")).toBe(cut);
});

describe("a text of three million characters", () => {
  test("is redacted at its ends, and says how long it was", () => {
    const long = redactEnds(`${KEY}\n${words(3 * MILLION)}\n${KEY}`, [KEY]);
    const answer = cutAnswer(long);
    expect(answer).toMatch(/^\[redacted\]\nsome words/);
    expect(answer).toMatch(/of an answer\n[^\n]*\n\[redacted\]$/);
    expect(answer.length).toBeLessThanOrEqual(MAX_RESULT_TEXT_CHARS);
    expect(answer).toMatch(/\n\n\[… 2800\d{3} characters left out …\]\n\n/);
    expect(cutText(long)).toMatch(/\n\n\[cut here: it had 3000042 characters\]\n$/);
  });

  test.each([-10, -1, 0, 5, KEY.length])("shows no part of a key where its middle is left out (%s)", (offset) => {
    for (const at of [MILLION / 2 - offset, 2 * MILLION + 500_000 - offset]) {
      const text = words(3 * MILLION);
      const { text: shown } = redactEnds(`${text.slice(0, at)} ${KEY} ${text.slice(at + KEY.length + 2)}`, [KEY]);
      expect(shown).not.toContain(KEY.slice(0, 9));
      expect(shown).not.toContain(KEY.slice(-9));
    }
  });
});
