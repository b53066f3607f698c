import { expect, test } from "vitest";
import { findHiddenChar } from "../../../src/core/domain/hidden-chars.ts";
import { showHiddenChars, stripHiddenChars } from "../../../src/core/domain/visible-text.ts";
import { fc } from "../../support/fast-check.ts";

test("keeps invisible characters that belong to an emoji or join letters", () => {
  for (const text of ["👩\u200d💻 ❤️", "می\u200cخواهم", "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}"])
    expect(stripHiddenChars(text)).toBe(text);
  expect(stripHiddenChars("a\u200db\u200c \u{e0061}\u202e\u001b[31mc")).toBe("ab c");
});

test("shows invisible characters by their codes", () => {
  expect(showHiddenChars("npm test\u001b]\u{e0041}\n\tx")).toBe("npm test<U+001B>]<U+E0041>\n\tx");
});

test("prose that may be approved is shown as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      if (findHiddenChar(text, "prose") === null) expect(stripHiddenChars(text)).toBe(text);
    }),
  );
});

test("an escape sequence without an end hides no line after it", () => {
  expect(stripHiddenChars("start\n\u001b]0;oops\nFAIL: real error")).toBe("start\n0;oops\nFAIL: real error");
  expect(stripHiddenChars("\u001b]0;a title\u0007text")).toBe("text");
});
