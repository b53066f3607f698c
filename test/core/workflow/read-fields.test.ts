import { fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { readFields } from "../../../src/core/workflow/read-fields.ts";
import type { JsonObject } from "../../../src/core/workflow/read-json.ts";
import { findMismatches, findSchemaProblem } from "../../../src/core/workflow/output-schema.ts";
import { toText } from "../../../src/core/workflow/template/template-value.ts";

const read = (text: string, wantsKeyValues: boolean | readonly string[] = true, schema: JsonObject | null = null) =>
  readFields(text, { wantsKeyValues, schema });
const texts = (text: string, wants: boolean | readonly string[] = true) =>
  Object.fromEntries(Object.entries(read(text, wants).fields).map(([key, value]) => [key, toText(value)]));
const json = (inner: string) => `Some prose.\n\n\`\`\`json\n${inner}\n\`\`\`\n`;

describe("a json block", () => {
  test("T-01 contains fields", () => {
    expect(texts(json('{"verdict":"LGTM","score":9,"blocking":false}'))).toEqual({ verdict: "LGTM", score: "9", blocking: "false" });
  });

  test("the last one counts", () => {
    expect(texts(`${json('{"a":1}')}${json('{"a":2}')}`)).toEqual({ a: "2" });
  });

  test("T-06 a malformed last block has no fields, even with a key line above", () => {
    expect(read(`${json('{"a":1}')}verdict: LGTM\n${json('{"a":')}`)).toEqual({
      fields: {},
      source: "none",
      problems: ["The last ```json block is not valid JSON."],
    });
  });

  test("T-07 nested values print as compact JSON", () => {
    expect(texts(json('{"list": [1, "a"], "table": {"b": [ ]}}'))).toEqual({ list: '[1,"a"]', table: '{"b":[]}' });
  });

  test("T-08 null is empty, 1.5 is 1.5, a top-level list has no fields", () => {
    expect(texts(json('{"a":null,"b":1.5,"c":2.0,"d":1e3}'))).toEqual({ a: "", b: "1.5", c: "2", d: "1000" });
    expect(read(json("[1]"))).toMatchObject({ fields: {}, problems: ["The last ```json block is not an object (`{ … }`)."] });
  });

  test("is not closed by a fence inside a string or another fence", () => {
    expect(texts(json('{"code":"```sh\\nls\\n```"}'))).toEqual({ code: "```sh\nls\n```" });
    expect(read("````md\n```json\n{}\n```\n````\nx: 1")).toMatchObject({ source: "key-values" });
  });

  test.each(['```json\r\n{"a":1}\r\n```', '```json\n{"a":1}```', '```json\n{"a":1}', '~~~json\n{"a":1}\n~~~'])("%j is a block", (text) => {
    expect(texts(text)).toEqual({ a: "1" });
  });

  test("keeps integers beyond the exact range as written", () => {
    expect(texts(json('{"id":12345678901234567890,"text":"12345678901234567890","near":0.12345678901234567,"e":1e20}'))).toEqual({
      id: "12345678901234567890",
      text: "12345678901234567890",
      near: "0.12345678901234566",
      e: "100000000000000000000",
    });
  });

  test("treats property names of JavaScript like other keys", () => {
    const { fields } = read(json('{"__proto__":{"polluted":1},"constructor":"x"}'));
    expect(Object.keys(fields)).toEqual(["__proto__", "constructor"]);
    expect("polluted" in {}).toBe(false);
  });

  test("is ignored if nested too deeply", () => {
    expect(read(json(`{"a":${"[".repeat(60)}${"]".repeat(60)}}`)).problems).toEqual(["The last ```json block is not valid JSON."]);
  });
});

describe("key-values at the end", () => {
  test("T-03 two trailing lines are two fields", () => {
    expect(read("Well done.\nverdict: LGTM\nreason: all tests pass\n")).toEqual({
      fields: { verdict: "LGTM", reason: "all tests pass" },
      source: "key-values",
      problems: [],
    });
  });

  test("T-04 a key line counts below prose, not above it", () => {
    expect(texts("verdict: LGTM\nThat was it")).toEqual({});
    expect(texts("That was it\nverdict: LGTM")).toEqual({ verdict: "LGTM" });
    expect(texts("a: 1\n\nverdict: LGTM")).toEqual({ verdict: "LGTM" });
  });

  test("T-05 plain prose has no fields", () => {
    expect(read("All is well.")).toEqual({ fields: {}, source: "none", problems: [] });
  });

  test.each(["see https://x.y", "Note: done", "https://x.y"])("T-11 %j at the end is a field only if the role must return it", (line) => {
    expect(texts(`It works.\n${line}`, false)).toEqual({});
    expect(texts(`It works.\nverdict: LGTM\n${line}`, ["verdict"])).toEqual(line.startsWith("Note") ? { verdict: "LGTM" } : {});
  });

  test("T-11 a link is never a field", () => {
    expect(texts("It works.\nhttps://x.y")).toEqual({});
  });

  test("the last line counts for a repeated key, and a small indentation is allowed", () => {
    expect(texts("verdict: reject\n verdict: LGTM\n  empty:")).toEqual({ verdict: "LGTM", empty: "" });
  });
});

describe("a schema", () => {
  const schema: JsonObject = {
    type: "object",
    properties: {
      verdict: { enum: ["LGTM", "reject"] },
      score: { type: "integer", minimum: 0 },
      id: { type: "string", pattern: "^(a+)+$" },
    },
    required: ["verdict"],
    additionalProperties: false,
  };

  test("describes mismatches in words", () => {
    expect(findSchemaProblem(schema)).toBe(null);
    expect(read(json('{"verdict":"LGTM","score":3}'), false, schema).problems).toEqual([]);
    expect(read(json('{"score":-1.5,"more":1}'), false, schema).problems).toEqual([
      "The object must have `verdict`.",
      "The object must not have `more`.",
      "`score` must be integer.",
      "`score` must be >= 0.",
    ]);
    expect(read(json('{"verdict":"yes"}'), false, schema).problems).toEqual(['`verdict` must be one of "LGTM", "reject".']);
    expect(read("verdict: LGTM", true, schema)).toEqual({ fields: {}, source: "none", problems: ["There is no ```json block."] });
  });

  test("matches patterns in linear steps", () => {
    expect(findMismatches(schema, { verdict: "LGTM", id: `${"a".repeat(5_000)}!` })).toEqual(['`id` must match pattern "^(a+)+$".']);
  });

  test.each([
    [{ type: "array" }, 'its `type` is not "object"'],
    [{ type: "object", propertees: {} }, "unknown keyword"],
    [{ type: "object", properties: { a: { $ref: "#" } } }, "holds a `$ref`"],
    [{ type: "object", properties: { a: { type: "string", format: "email" } } }, 'unknown format "email"'],
    [{ type: "object", properties: { a: { type: "string", pattern: "(" } } }, "not closed"],
    [{ type: "object", properties: { a: { type: "text" } } }, "must be equal to one of the allowed values"],
    [{ type: "object", description: "x".repeat(20_000) }, "longer than"],
  ])("refuses %j", (bad, why) => {
    expect(findSchemaProblem(bad)).toContain(why);
  });
});

test("reading any text never throws", () => {
  const part = fc.constantFrom("```json\n", "```", "~~~", "\n", "{", "}", '"a"', ":", "1", "key: value", "[", "]", " ", "\r\n", "x");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      expect(typeof read(parts.join("")).source).toBe("string");
    }),
    { numRuns: runs(2_000) },
  );
});
