import { createHash } from "node:crypto";
import { fc } from "../../support/fast-check.ts";
import { expect, test } from "vitest";
import { toCanonicalJson, hashValue } from "../../../src/core/domain/ids.ts";

/** Implements the same function in the shortest way. */
const plainly = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );

/** Names that do not start with a digit. JavaScript would sort numeric names first. */
const name = fc.string().map((text) => `k${text}`);
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.string({ unit: "binary" }),
    fc.array(tie("value")),
    fc.dictionary(name, tie("value")),
  ),
}));

test("canonical JSON sorts keys, and the hash is computed from its text", () => {
  fc.assert(
    fc.property(anything, (value) => {
      const text = toCanonicalJson(value);
      expect(text).toBe(plainly(value));
      expect(hashValue(value)).toBe(createHash("sha256").update(text).digest("hex"));
    }),
  );
});

test("long JSON is the same text in pieces, whatever characters the cuts are between", () => {
  const long = Array.from({ length: 3_000 }, (_, at) => ({ z: '🔵\u0000"\\\ud800'.repeat(at % 7), a: at, "10": [], "9": {} }));
  const text = toCanonicalJson(long);
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(long)));
  expect(text.slice(0, 60)).toBe('[{"10":[],"9":{},"a":0,"z":""},{"10":[],"9":{},"a":1,"z":"🔵');
  expect(hashValue(long)).toBe(createHash("sha256").update(text).digest("hex"));
});

test("undefined is omitted from a record and null in an array; key order does not matter", () => {
  expect(toCanonicalJson({ b: undefined, a: [undefined, 1], c: {} })).toBe('{"a":[null,1],"c":{}}');
  expect(toCanonicalJson({ a: undefined })).toBe("{}");
  expect(toCanonicalJson([{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1, c: 2 }, { "": 0 }])).toBe(
    '[{"a":1,"b":2},{"a":1,"b":2},{"a":1,"c":2},{"":0}]',
  );
  expect(toCanonicalJson(undefined)).toBe("null");
});
