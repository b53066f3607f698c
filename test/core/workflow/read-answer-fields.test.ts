import { describe, expect, test } from "vitest";
import { readAnswerFields } from "../../../src/core/workflow/read-answer-fields.ts";

const wanted = { wantsKeyValues: ["verdict", "score"], schema: null };
const fieldsOf = (answer: string, report: string | null = null) => readAnswerFields({ answer, report }, wanted).fields;

describe("fields of an answer", () => {
  test.each([
    ["at its end", "All good.\n\nverdict: pass"],
    ["before its output block", "verdict: pass\n\n[OUTPUT]\nAll good.\n[/OUTPUT]"],
    ["in its output block", "All good.\n[OUTPUT]\nGood.\nverdict: pass\n[/OUTPUT]"],
    ["after its output block", "[OUTPUT]\nGood.\n[/OUTPUT]\nverdict: pass"],
    ["from a json block before its output block", '```json\n{"verdict":"pass"}\n```\n[OUTPUT]\nGood.\n[/OUTPUT]'],
    ["from a json block within it", '[OUTPUT]\n```json\n{"verdict":"pass"}\n```\n[/OUTPUT]'],
  ])("%s", (_, answer) => {
    expect(fieldsOf(answer)).toEqual({ verdict: "pass" });
  });

  test("are read from both places", () => {
    expect(fieldsOf("verdict: pass\n[OUTPUT]\nscore: 3\n[/OUTPUT]")).toEqual({ verdict: "pass", score: "3" });
  });

  test("are read from the report only if the answer has none", () => {
    expect(fieldsOf("The report is written.", "# Review\n\nverdict: reject")).toEqual({ verdict: "reject" });
    expect(fieldsOf("verdict: pass", "verdict: reject")).toEqual({ verdict: "pass" });
  });
});

test("a malformed json block has no fields, which a schema reports", () => {
  const schema = { type: "object", required: ["verdict"] };
  const answer = "```json\n{verdict\n```\n[OUTPUT]\nverdict: pass\n[/OUTPUT]";
  expect(readAnswerFields({ answer, report: null }, { wantsKeyValues: [], schema })).toMatchObject({
    fields: {},
    problems: ["The last ```json block is not valid JSON."],
  });
});
