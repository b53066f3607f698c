import type { TamperingKind } from "../../../src/core/domain/tampering.ts";

/** A change with its files before and after (`null` for a missing file), and the finding in the first file; `null` for an honest change. */
export type TamperingCase = {
  readonly language: string;
  readonly title: string;
  readonly files: readonly (readonly [path: string, before: string | null, after: string | null])[];
  readonly kind: TamperingKind | null;
};

type Row = readonly [title: string, path: string, before: string | null, after: string | null, kind: TamperingKind | null];

const rows = (language: string, all: readonly Row[]): TamperingCase[] =>
  all.map(([title, path, before, after, kind]) => ({ language, title, files: [[path, before, after]], kind }));

const JS = `import { limit } from "./limit.js";
test("the limit is ten", () => {
  expect(limit()).toBe(10);
});
test("it grows", () => {
  expect(limit(2)).toEqual({ value: 20 });
});
`;
const PY = `import pytest
from app import limit

def test_limit():
    assert limit() == 10

def test_refuses():
    with pytest.raises(ValueError):
        limit(-1)
`;
const GO = `package app

import "testing"

func TestLimit(t *testing.T) {
	cases := []struct{ in, want int }{
		{1, 10},
		{2, 20},
	}
	for _, c := range cases {
		if got := Limit(c.in); got != c.want {
			t.Errorf("got %d", got)
		}
	}
}
`;
const RUST = `pub fn limit() -> u32 { 10 }

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn is_ten() {
        assert_eq!(limit(), 10);
    }
}
`;
const JAVA = `class LimitTest {
  @Test
  void isTen() {
    assertEquals(10, Limit.of(1));
  }

  @Test
  void refuses() {
    assertThrows(IllegalArgumentException.class, () -> Limit.of(-1));
  }
}
`;
const RUBY = `RSpec.describe Limit do
  it "is ten" do
    expect(Limit.of(1)).to eq(10)
  end

  it "refuses" do
    expect { Limit.of(-1) }.to raise_error(ArgumentError)
  end
end
`;

const swap = (text: string, ...pairs: readonly (readonly [string, string])[]): string =>
  pairs.reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`the text lacks ${from}`);
    return now.replace(from, to);
  }, text);

const JS_ROWS: readonly Row[] = [
  ["deletes a test file", "src/limit.test.ts", JS, null, "deleted"],
  ["deletes one test of two", "src/limit.test.ts", JS, JS.slice(0, JS.indexOf('test("it grows')), "deleted"],
  ["skips a test", "src/limit.test.ts", JS, swap(JS, ['test("it', 'test.skip("it']), "skipped"],
  ["runs one test only", "src/limit.test.ts", JS, swap(JS, ['test("it', 'test.only("it']), "skipped"],
  ["expects the failure", "src/limit.test.ts", JS, swap(JS, ['test("it', 'test.fails("it']), "skipped"],
  ["wraps the tests in a comment", "src/limit.test.ts", JS, swap(JS, ["test(", "/*\ntest("]) + "*/\n", "deleted"],
  ["comments one check out", "src/limit.test.ts", JS, swap(JS, ["  expect(limit())", "  // expect(limit())"]), "weakened"],
  ["checks that there is a value", "src/limit.test.ts", JS, swap(JS, [".toBe(10)", ".toBeDefined()"]), "weakened"],
  ["checks a constant", "src/limit.test.ts", JS, swap(JS, ["expect(limit()).toBe(10)", "expect(true).toBe(true)"]), "weakened"],
  [
    "checks a value against itself",
    "src/limit.test.ts",
    JS,
    swap(JS, ["expect(limit()).toBe(10)", "expect(limit()).toBe(limit())"]),
    "weakened",
  ],
  ["returns before the check", "src/limit.test.ts", JS, swap(JS, ["  expect(limit())", "  return;\n  expect(limit())"]), "weakened"],
  ["keeps the tests from running by a condition", "src/limit.test.ts", JS, swap(JS, ["test(", "if (false)\ntest("]), "skipped"],
  ["rewrites a snapshot", "src/__snapshots__/limit.test.ts.snap", "exports[`a`] = `10`;\n", "exports[`a`] = `1`;\n", "snapshot"],
  [
    "leaves tests out of the run",
    "vitest.config.ts",
    "export default {\n  test: {},\n};\n",
    'export default {\n  test: { exclude: ["**/limit.test.ts"] },\n};\n',
    "settings",
  ],
  [
    "replaces the test script",
    "package.json",
    '{\n  "scripts": { },\n  "test": "vitest"\n}\n',
    '{\n  "scripts": { },\n  "test": "true"\n}\n',
    "settings",
  ],
  ["lowers the coverage", ".nycrc.json", '{ "lines": 90 }\n', '{ "lines": 10 }\n', "coverage"],
  [
    "adds a file that silences the others",
    "src/new.test.ts",
    null,
    'describe.only("x", () => { it("y", () => { expect(f()).toBe(1); }); });\n',
    "skipped",
  ],
  ["adds a test file", "src/new.test.ts", null, JS, null],
  ["adds a test to a file", "src/limit.test.ts", JS, `${JS}test("more", () => {\n  expect(limit(3)).toBe(30);\n});\n`, null],
  [
    "runs a program that always passes, in a file of one line",
    "package.json",
    '{ "name": "x", "scripts": { "test": "node --test" } }',
    '{ "name": "x", "scripts": { "test": "true" } }',
    "settings",
  ],
  [
    "takes a newer tool whose name begins like a script",
    "package.json",
    '{\n  "devDependencies": {\n    "lint-staged": "^15.0.0",\n    "check-it": "1"\n  }\n}\n',
    '{\n  "devDependencies": {\n    "lint-staged": "^16.0.0",\n    "check-it": "2"\n  }\n}\n',
    null,
  ],
  [
    "leaves all tests out in the settings of the bundler",
    "vite.config.ts",
    "export default { plugins: [] };\n",
    'export default { plugins: [], test: { exclude: ["**/*"] } };\n',
    "settings",
  ],
  ["hides a skip behind a long title", "src/limit.test.ts", JS, `describe.skip("${"a".repeat(3_000)}", () => {\n${JS}});\n`, "skipped"],
  [
    "hides the rest of a test behind another end of a line",
    "src/limit.test.ts",
    JS,
    swap(JS, ["  expect(limit())", "  // first\r  return;\n  expect(limit())"]),
    "weakened",
  ],
  ["plans a test", "src/limit.test.ts", JS, `${JS}test.todo("more");\n`, null],
  ["expects the new value", "src/limit.test.ts", JS, swap(JS, ["toBe(10)", "toBe(100)"]), null],
  ["checks more strictly", "src/limit.test.ts", swap(JS, [".toBe(10)", ".toBeDefined()"]), JS, null],
  ["ends a skip", "src/limit.test.ts", swap(JS, ["test(", "test.skip("]), JS, null],
  ["reorders and indents", "src/limit.test.ts", JS, `describe("limit", () => {\n${JS}});\n`, null],
  ["adds a snapshot", "src/__snapshots__/limit.test.ts.snap", null, "exports[`a`] = `10`;\n", null],
  [
    "adds a dependency",
    "package.json",
    '{\n  "dependencies": {\n    "a": "1"\n  }\n}\n',
    '{\n  "dependencies": {\n    "a": "1",\n    "b": "2"\n  }\n}\n',
    null,
  ],
  [
    "adds a script",
    "package.json",
    '{\n  "scripts": {\n    "test": "vitest"\n  }\n}\n',
    '{\n  "scripts": {\n    "test": "vitest",\n    "test:e2e": "playwright test"\n  }\n}\n',
    null,
  ],
  [
    "adds an alias to the settings",
    "vitest.config.ts",
    "export default {\n};\n",
    'export default {\n  resolve: { alias: { "@": "./src" } },\n};\n',
    null,
  ],
  ["skips in code that is no test", "src/limit.ts", "export const a = 1;\n", "export const skip = () => it.skip;\n", null],
];

const PY_ROWS: readonly Row[] = [
  ["deletes a test file", "tests/test_limit.py", PY, null, "deleted"],
  ["deletes one test", "tests/test_limit.py", PY, swap(PY, ["def test_limit():\n    assert limit() == 10\n", ""]), "deleted"],
  ["renames a test so that it is not found", "tests/test_limit.py", PY, swap(PY, ["def test_limit", "def check_limit"]), "deleted"],
  ["skips a test", "tests/test_limit.py", PY, swap(PY, ["def test_limit", "@pytest.mark.skip\ndef test_limit"]), "skipped"],
  ["expects the failure", "tests/test_limit.py", PY, swap(PY, ["def test_limit", "@pytest.mark.xfail\ndef test_limit"]), "skipped"],
  ["checks only the type", "tests/test_limit.py", PY, swap(PY, ["assert limit() == 10", "assert isinstance(limit(), int)"]), "weakened"],
  ["checks only the truth", "tests/test_limit.py", PY, swap(PY, ["assert limit() == 10", "assert limit()"]), "weakened"],
  ["checks nothing", "tests/test_limit.py", PY, swap(PY, ["assert limit() == 10", "assert True"]), "weakened"],
  [
    "turns a test into a text",
    "tests/test_limit.py",
    PY,
    swap(PY, ["def test_limit", '"""\ndef test_limit'], ["== 10\n", '== 10\n"""\n']),
    "deleted",
  ],
  ["ignores a file in conftest", "tests/conftest.py", "import pytest\n", 'import pytest\ncollect_ignore = ["test_limit.py"]\n', "skipped"],
  [
    "lowers the coverage",
    "pyproject.toml",
    "[tool.coverage.report]\nfail_under = 90\n",
    "[tool.coverage.report]\nfail_under = 9\n",
    "settings",
  ],
  ["deselects a test", "pytest.ini", "[pytest]\n", "[pytest]\naddopts = --deselect tests/test_limit.py\n", "settings"],
  ["omits files from the coverage", ".coveragerc", "[run]\n", "[run]\nomit = src/*\n", "coverage"],
  ["adds a test file", "tests/test_new.py", null, PY, null],
  ["adds a test", "tests/test_limit.py", PY, `${PY}\ndef test_more():\n    assert limit(3) == 30\n`, null],
  ["expects the new value", "tests/test_limit.py", PY, swap(PY, ["== 10", "== 100"]), null],
  ["adds a dependency", "pyproject.toml", "[project]\ndependencies = []\n", '[project]\ndependencies = ["requests"]\n', null],
  ["adds a fixture", "tests/conftest.py", "import pytest\n", "import pytest\n\n@pytest.fixture\ndef limit():\n    return 10\n", null],
];

const GO_ROWS: readonly Row[] = [
  ["deletes a test file", "limit_test.go", GO, null, "deleted"],
  ["skips a test", "limit_test.go", GO, swap(GO, ["\tcases", '\tt.Skip("flaky")\n\tcases']), "skipped"],
  ["leaves the file out of the build", "limit_test.go", GO, `//go:build never\n\n${GO}`, "skipped"],
  ["removes a row of the table", "limit_test.go", GO, swap(GO, ["\t\t{2, 20},\n", ""]), "weakened"],
  ["only logs a difference", "limit_test.go", GO, swap(GO, ["t.Errorf", "t.Logf"]), "weakened"],
  ["renames a test so that it is not found", "limit_test.go", GO, swap(GO, ["func TestLimit", "func checkLimit"]), "deleted"],
  ["rewrites a golden file", "testdata/limit.golden", "10\n", "1\n", "snapshot"],
  ["adds a row", "limit_test.go", GO, swap(GO, ["\t\t{2, 20},\n", "\t\t{2, 20},\n\t\t{3, 30},\n"]), null],
  ["changes a row", "limit_test.go", GO, swap(GO, ["{2, 20}", "{2, 200}"]), null],
  ["adds a test file", "more_test.go", null, GO, null],
  ["changes code", "limit.go", "package app\n\nfunc Limit(n int) int { return n }\n", "package app\n", null],
];

const RUST_ROWS: readonly Row[] = [
  ["deletes the tests beside the code", "src/limit.rs", RUST, "pub fn limit() -> u32 { 10 }\n", "deleted"],
  ["ignores a test", "src/limit.rs", RUST, swap(RUST, ["#[test]", "#[test]\n    #[ignore]"]), "skipped"],
  ["leaves the tests out of the build", "src/limit.rs", RUST, swap(RUST, ["#[cfg(test)]", "#[cfg(any())]"]), "skipped"],
  ["checks less", "src/limit.rs", RUST, swap(RUST, ["assert_eq!(limit(), 10)", "assert!(limit().is_positive())"]), "weakened"],
  ["checks a constant", "src/limit.rs", RUST, swap(RUST, ["assert_eq!(limit(), 10)", "assert!(true)"]), "weakened"],
  ["deletes an integration test", "tests/limit.rs", "#[test]\nfn is_ten() { assert_eq!(limit(), 10); }\n", null, "deleted"],
  ["switches tests off in the manifest", "Cargo.toml", '[lib]\nname = "a"\n', '[lib]\nname = "a"\ntest = false\n', "settings"],
  [
    "adds a test",
    "src/limit.rs",
    RUST,
    swap(RUST, ["    #[test]", "    #[test]\n    fn more() {\n        assert_eq!(limit(), 10);\n    }\n    #[test]"]),
    null,
  ],
  ["adds tests to a file without any", "src/limit.rs", "pub fn limit() -> u32 { 10 }\n", RUST, null],
  ["asserts less in code that is no test", "src/limit.rs", "pub fn f(n: u32) { assert!(n > 0); }\n", "pub fn f(n: u32) {}\n", null],
];

const JAVA_ROWS: readonly Row[] = [
  ["deletes a test file", "src/test/java/LimitTest.java", JAVA, null, "deleted"],
  ["disables a test", "src/test/java/LimitTest.java", JAVA, swap(JAVA, ["  @Test", "  @Disabled\n  @Test"]), "skipped"],
  [
    "assumes what it should check",
    "src/test/java/LimitTest.java",
    JAVA,
    swap(JAVA, ["assertEquals(10, Limit.of(1));", "assumeTrue(Limit.of(1) == 10);"]),
    "skipped",
  ],
  [
    "checks only that there is a value",
    "src/test/java/LimitTest.java",
    JAVA,
    swap(JAVA, ["assertEquals(10, Limit.of(1))", "assertNotNull(Limit.of(1))"]),
    "weakened",
  ],
  ["removes the annotation", "src/test/java/LimitTest.java", JAVA, swap(JAVA, ["  @Test\n  void refuses", "  void refuses"]), "deleted"],
  [
    "skips tests in the build",
    "pom.xml",
    "<properties>\n</properties>\n",
    "<properties>\n  <skipTests>true</skipTests>\n</properties>\n",
    "settings",
  ],
  ["ignores failures in the build", "build.gradle", "test {\n}\n", "test {\n  ignoreFailures = true\n}\n", "settings"],
  [
    "adds a test",
    "src/test/java/LimitTest.java",
    JAVA,
    swap(JAVA, ["  @Test", "  @Test\n  void more() {\n    assertEquals(20, Limit.of(2));\n  }\n\n  @Test"]),
    null,
  ],
  ["expects the new value", "src/test/java/LimitTest.java", JAVA, swap(JAVA, ["assertEquals(10,", "assertEquals(100,"]), null],
  [
    "adds a dependency",
    "pom.xml",
    "<dependencies>\n</dependencies>\n",
    "<dependencies>\n  <dependency>a</dependency>\n</dependencies>\n",
    null,
  ],
];

const RUBY_ROWS: readonly Row[] = [
  ["deletes a test file", "spec/limit_spec.rb", RUBY, null, "deleted"],
  ["skips a test", "spec/limit_spec.rb", RUBY, swap(RUBY, ['  it "is ten"', '  xit "is ten"']), "skipped"],
  [
    "makes a test pending",
    "spec/limit_spec.rb",
    RUBY,
    swap(RUBY, ["    expect(Limit", '    pending "later"\n    expect(Limit']),
    "skipped",
  ],
  ["focuses on one test", "spec/limit_spec.rb", RUBY, swap(RUBY, ['it "refuses" do', 'it "refuses", :focus do']), "skipped"],
  ["checks only the truth", "spec/limit_spec.rb", RUBY, swap(RUBY, ["to eq(10)", "to be_truthy"]), "weakened"],
  [
    "turns tests into a comment",
    "spec/limit_spec.rb",
    RUBY,
    swap(RUBY, ['  it "is ten"', '=begin\n  it "is ten"'], ["eq(10)\n  end\n", "eq(10)\n  end\n=end\n"]),
    "deleted",
  ],
  ["leaves a pattern out of the run", ".rspec", "--color\n", "--color\n--exclude-pattern spec/limit_spec.rb\n", "settings"],
  [
    "deletes a minitest",
    "test/limit_test.rb",
    "class LimitTest < Minitest::Test\n  def test_ten\n    assert_equal 10, Limit.of(1)\n  end\nend\n",
    null,
    "deleted",
  ],
  [
    "adds a test",
    "spec/limit_spec.rb",
    RUBY,
    swap(RUBY, ['  it "refuses"', '  it "grows" do\n    expect(Limit.of(2)).to eq(20)\n  end\n\n  it "refuses"']),
    null,
  ],
  ["expects the new value", "spec/limit_spec.rb", RUBY, swap(RUBY, ["eq(10)", "eq(100)"]), null],
  ["adds a helper", "spec/spec_helper.rb", "require 'limit'\n", "require 'limit'\nrequire 'json'\n", null],
];

const OTHER_ROWS: readonly Row[] = [
  [
    "lets a job of the CI fail",
    ".gitlab-ci.yml",
    "test:\n  script: npm test\n",
    "test:\n  script: npm test\n  allow_failure: true\n",
    "ci",
  ],
  ["removes a step of the CI", ".github/workflows/ci.yml", "- run: npm test\n- run: npm run lint\n", "- run: npm test\n", "ci"],
  ["deletes the CI", ".circleci/config.yml", "jobs: {}\n", null, "ci"],
  ["ignores the exit code", "Makefile", "test:\n\tnpm test\n", "test:\n\tnpm test || true\n", "settings"],
  [
    "adds a step to the CI",
    ".gitlab-ci.yml",
    "test:\n  script: npm test\n",
    "test:\n  script: npm test\nlint:\n  script: npm run lint\n",
    null,
  ],
  [
    "skips in C#",
    "tests/LimitTests.cs",
    "[Fact]\npublic void Ten() { Assert.Equal(10, f()); }\n",
    '[Fact(Skip = "x")]\npublic void Ten() { Assert.Equal(10, f()); }\n',
    "skipped",
  ],
  [
    "skips in PHP",
    "tests/LimitTest.php",
    "function testTen() {\n$this->assertSame(10, f());\n}\n",
    "function testTen() {\n$this->markTestSkipped();\n$this->assertSame(10, f());\n}\n",
    "skipped",
  ],
  ["changes a README", "README.md", "The tests are skipped.\n", "it.skip is not used.\n", null],
];

/** Changes of several files. */
const MOVES: readonly TamperingCase[] = [
  {
    language: "js",
    title: "moves a test file",
    files: [
      ["src/limit.test.ts", JS, null],
      ["test/limit.test.ts", null, swap(JS, ["./limit.js", "../src/limit.js"])],
    ],
    kind: null,
  },
  {
    language: "js",
    title: "moves a test where no runner looks",
    files: [
      ["src/limit.test.ts", JS, null],
      ["test/fixtures/limit.test.ts", null, JS],
    ],
    kind: "deleted",
  },
  {
    language: "js",
    title: "moves a test and skips it",
    files: [
      ["src/limit.test.ts", JS, null],
      ["test/limit.test.ts", null, swap(JS, ["test(", "test.skip("])],
    ],
    kind: "deleted",
  },
  {
    language: "js",
    title: "moves a test into a block that is skipped",
    files: [
      ["src/limit.test.ts", JS, null],
      ["test/limit.test.ts", null, `describe.skip("later", () => {\n${JS}});\n`],
    ],
    kind: "deleted",
  },
  {
    language: "js",
    title: "moves a file that skipped a test already",
    files: [
      ["src/limit.test.ts", swap(JS, ["test(", "test.skip("]), null],
      ["test/limit.test.ts", null, swap(JS, ["test(", "test.skip("])],
    ],
    kind: null,
  },
  {
    language: "go",
    title: "splits a test file",
    files: [
      ["limit_test.go", GO, null],
      ["limits_test.go", null, GO],
    ],
    kind: null,
  },
  {
    language: "python",
    title: "replaces two tests by one moved twice",
    files: [
      ["tests/test_a.py", PY, null],
      ["tests/test_c.py", null, PY.slice(0, PY.indexOf("def test_refuses"))],
    ],
    kind: "deleted",
  },
];

export const TAMPERING_CASES: readonly TamperingCase[] = [
  ...rows("js", JS_ROWS),
  ...rows("python", PY_ROWS),
  ...rows("go", GO_ROWS),
  ...rows("rust", RUST_ROWS),
  ...rows("java", JAVA_ROWS),
  ...rows("ruby", RUBY_ROWS),
  ...rows("other", OTHER_ROWS),
  ...MOVES,
];
