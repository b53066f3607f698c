import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findTampering } from "../../../src/core/policy/find-tampering.ts";
import { isPutBackInPart, putBackChecks } from "../../../src/core/policy/put-back.ts";

const putBackPackage = (before: unknown, after: unknown): unknown => {
  const text = putBackChecks({ path: "app/package.json", before: JSON.stringify(before), after: JSON.stringify(after) });
  return text === null ? null : JSON.parse(text);
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
    expect(putBackChecks({ path: "package.json", before: "{}", after: text })).toBeNull();
    expect(putBackChecks({ path: "package.json", before: text, after: "{}" })).toBeNull();
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
        const text = putBackChecks({ path, before: old ?? "", after: now ?? "" });
        expect(findTampering([{ path, before: old ?? "", after: text }])).toEqual([]);
      }),
    );
  });
});

const CODE = "pub fn limit() -> u32 {\n    10\n}\n";
const TESTS = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn holds() {\n        assert_eq!(super::limit(), 10);\n    }\n}\n";

describe("a Rust source with tests", () => {
  test("has its old tests below the changed code", () => {
    const after = `${CODE.replace("10", "11")}\n${TESTS.replace("assert_eq!(super::limit(), 10)", "super::limit()")}`;
    expect(putBackChecks({ path: "src/lib.rs", before: `${CODE}\n${TESTS}`, after })).toBe(`${CODE.replace("10", "11")}${TESTS}`);
  });

  test("gets its tests back after they were deleted, and keeps code about which a comment only mentions tests", () => {
    const after = `// #[test]\n${CODE}`;
    expect(putBackChecks({ path: "src/lib.rs", before: `${CODE}${TESTS}`, after })).toBe(`${after}${TESTS}`);
  });
});

test("other files are put back as a whole", () => {
  for (const path of ["a.test.js", "tests/a.rs", "Cargo.toml", "pyproject.toml", ".ci/run", "__snapshots__/a.snap"]) {
    expect(isPutBackInPart(path)).toBe(false);
    expect(putBackChecks({ path, before: "1", after: "2" })).toBeNull();
  }
  expect(["package.json", "src/lib.rs"].every((path) => isPutBackInPart(path))).toBe(true);
});
