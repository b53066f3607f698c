import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findTampering } from "../../../src/core/policy/find-tampering.ts";
import { isPutBackInPart, putBackChecks } from "../../../src/core/policy/put-back.ts";

const putBackPackage = (before: unknown, after: unknown): unknown => {
  const back = putBackChecks({ path: "app/package.json", before: JSON.stringify(before), after: JSON.stringify(after) });
  return back.kind === "text" ? JSON.parse(back.text) : back;
};

describe("a package.json", () => {
  test("has its old scripts and settings of tests, and the needs and contents of the change", () => {
    expect(
      putBackPackage(
        { name: "app", type: "module", scripts: { test: "vitest run", build: "tsc" }, jest: { bail: 1 }, dependencies: { a: "1.0.0" } },
        {
          name: "app",
          scripts: { test: "true", build: "tsc -b", dev: "node ." },
          dependencies: { a: "2.0.0", b: "1.0.0" },
          main: "new.js",
        },
      ),
    ).toEqual({
      name: "app",
      type: "module",
      jest: { bail: 1 },
      dependencies: { a: "2.0.0", b: "1.0.0" },
      main: "new.js",
      scripts: { dev: "node .", test: "vitest run", build: "tsc" },
    });
  });

  test("loses settings of tests that the change adds", () => {
    expect(
      putBackPackage(
        { scripts: { test: "vitest run" } },
        { scripts: { test: "vitest run", pretest: "rm -r test" }, jest: { testMatch: [] } },
      ),
    ).toEqual({
      scripts: { test: "vitest run" },
    });
  });

  test.each(["not JSON", "[]", "null"])("is put back as a whole if it is no object: %s", (text) => {
    expect(putBackChecks({ path: "package.json", before: "{}", after: text })).toEqual({ kind: "whole" });
    expect(putBackChecks({ path: "package.json", before: text, after: "{}" })).toEqual({ kind: "whole" });
  });

  test.each(['"new"', '"scripts"'])("is put back as a whole if its field %s is nested too deeply to be written", (field) => {
    const deep = `{${field}: ${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`;
    expect(putBackChecks({ path: "package.json", before: "{}", after: deep })).toEqual({ kind: "whole" });
  });

  const scripts = fc.dictionary(
    fc.constantFrom("test", "pretest", "test:unit", "lint"),
    fc.constantFrom("vitest run", "true", "a || true"),
  );
  test("shows no finding afterwards", () => {
    fc.assert(
      fc.property(scripts, scripts, (before, after) => {
        const path = "package.json";
        const [old, now] = [before, after].map((each) => JSON.stringify({ scripts: each }));
        const back = putBackChecks({ path, before: old ?? "", after: now ?? "" });
        expect(findTampering([{ path, before: old ?? "", after: back.kind === "text" ? back.text : (old ?? "") }])).toEqual([]);
      }),
    );
  });
});

const CODE = "pub fn limit() -> u32 {\n    10\n}\n";
const TESTS = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn holds() {\n        assert_eq!(super::limit(), 10);\n    }\n}\n";

const putBack = (before: string, after: string) => putBackChecks({ path: "src/lib.rs", before, after });

describe("a Rust source with tests", () => {
  test("has its old tests below the changed code", () => {
    const after = `${CODE.replace("10", "11")}\n${TESTS.replace("assert_eq!(super::limit(), 10)", "super::limit()")}`;
    expect(putBack(`${CODE}\n${TESTS}`, after)).toEqual({ kind: "text", text: `${CODE.replace("10", "11")}${TESTS}` });
  });

  test("gets its tests back after they were deleted, and keeps code about which a comment only mentions tests", () => {
    const after = `// #[test]\n${CODE}`;
    expect(putBack(`${CODE}${TESTS}`, after)).toEqual({ kind: "text", text: `${after}${TESTS}` });
  });

  test.each([
    ["a condition of the platform", "#[cfg(any(unix, windows))]\npub fn here() {}\n"],
    ["an import for tests", "#[cfg(test)]\nuse std::env;\n"],
    ["a module of tests in a file of its own", "#[cfg(test)]\nmod more;\n"],
  ])("keeps its changed code below %s", (_, start) => {
    const after = `${start}${CODE.replace("10", "11")}`;
    expect(putBack(`${start}${CODE}${TESTS}`, after)).toEqual({ kind: "text", text: `${after}${TESTS}` });
  });

  test.each([
    ["tests before code", `${TESTS}${CODE}`],
    ["a test among code", `#[test]\nfn holds() {}\n${CODE}`],
    ["an asynchronous test among code", `  #[tokio::test]\nasync fn holds() {}\n${CODE}`],
    ["code between modules of tests", `${TESTS}${CODE}${TESTS}`],
  ])("is not put back with %s: its old code would pass", (_, text) => {
    expect(putBack(text, CODE)).toEqual({ kind: "inseparable" });
    expect(putBack(CODE, text)).toEqual({ kind: "inseparable" });
  });
});

test("other files are put back as a whole", () => {
  for (const path of ["a.test.js", "tests/a.rs", "Cargo.toml", "pyproject.toml", ".ci/run", "__snapshots__/a.snap"]) {
    expect(isPutBackInPart(path)).toBe(false);
    expect(putBackChecks({ path, before: "1", after: "2" })).toEqual({ kind: "whole" });
  }
  expect(["package.json", "src/lib.rs"].every((path) => isPutBackInPart(path))).toBe(true);
});
