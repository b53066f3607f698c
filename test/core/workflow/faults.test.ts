import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkCalls } from "../../../src/core/workflow/check-calls.ts";
import { WORKFLOW_FAULTS, type WorkflowFault } from "../../../src/core/workflow/workflow-fault.ts";
import { readWorkflow } from "../../../src/core/workflow/read-workflow.ts";

const FOLDER = new URL("faults/", import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".md"));
/** The expected faults of each file: `line code: why — instead`. */
const expected: Record<string, string[]> = JSON.parse(readFileSync(new URL("expected.json", FOLDER), "utf8"));

/** Expands `<repeat n text>` and `<many n>`, which replace texts too long for a file. */
const expand = (text: string): string =>
  text
    .replace(/<repeat (\d+) (\S+)>/, (_, times, part) => String(part).repeat(Number(times)))
    .replace(/<many (\d+)>/, (_, times) => Array.from({ length: Number(times) }, (__, at) => `"r${at}": {}`).join(",\n"));

const faultsOf = (file: string): readonly WorkflowFault[] => {
  const name = file.replace(/\.md$/, "");
  const read = readWorkflow({
    name,
    path: file,
    text: expand(readFileSync(new URL(file, FOLDER), "utf8")),
    roles: ["bug_fixer", "researcher"],
    models: ["large", "small"],
    workflows: ["build-feature", "gated-ship", "call-cycle"],
  });
  return read.ok ? checkCalls([read.value]) : read.faults;
};

test.each(files)("%s: every fault has its line and a correction", (file) => {
  const faults = faultsOf(file);
  expect(faults.map(({ line, code, reason, instead }) => `${line} ${code}: ${reason} — ${instead}`)).toEqual(expected[file]);
  expect(faults.filter((fault) => fault.file !== file || fault.reason === "" || fault.instead === "")).toEqual([]);
});

describe("every fault code has a fixture", () => {
  test.each(WORKFLOW_FAULTS)("%s", (code) => {
    expect(files.filter((file) => file.split(".")[0] === code).flatMap((file) => faultsOf(file).map((fault) => fault.code))).toContain(
      code,
    );
  });

  test("and every expectation has its file", () => {
    expect(Object.keys(expected).sort()).toEqual(files.sort());
  });
});
