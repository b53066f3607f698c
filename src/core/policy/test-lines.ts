import type { TestLanguage } from "./judging-files.ts";

/** The parts of a test in a line of a test file. */
export type TestLine = {
  /** Whether a test begins here and runs. */
  readonly isCase: boolean;
  /** 2 for a check of a value, 1 for a loose check, 0 for no check or for a check of a constant. */
  readonly strength: 0 | 1 | 2;
  /** Whether the line keeps a test from running, or from failing. */
  readonly isSkip: boolean;
  /** Whether the line looks like a row in a table of cases. */
  readonly isRow: boolean;
};

type LinePatterns = { readonly cases: RegExp; readonly checks: RegExp; readonly weak: RegExp; readonly skips: RegExp };

const JS: LinePatterns = {
  cases: /\b(?:it|test|specify|scenario)(?:\.(?:each|concurrent|sequential|for))*\s*[(`]|\bDeno\.test\s*\(/,
  checks:
    /\.to[A-Z]\w*\s*\(|\.to\.(?:\w+\.)*\w+|\bassert(?:\.\w+)*\s*\(|\.should\b|\bt\.(?:is|not|deepEqual|notDeepEqual|equal|same|like|true|false|ok|throws|rejects|match|regex|snapshot)\s*\(|\bexpectTypeOf\b/,
  weak: /\.to(?:BeTruthy|BeFalsy|BeDefined|BeInstanceOf|BeTypeOf|MatchObject|BeGreaterThan\w*|BeLessThan\w*|HaveBeenCalled)\s*\(|\.not\.to(?:BeNull|BeUndefined|Throw|Be)\s*\(|\bassert(?:\.ok)?\s*\(\s*[\w.()[\]]+\s*[,)]|expect\.any\w*\(|\bt\.(?:ok|true|truthy)\s*\(|\.to\.(?:be\.(?:ok|a|an)|exist)\b/,
  skips:
    /\b(?:it|test|describe|suite|context|specify|Deno\.test)\.(?:concurrent\.|sequential\.)?(?:skip|only|fixme|fails|failing|skipIf|runIf|ignore)\b|\bx(?:it|describe|test|context|specify)\s*\(|\bf(?:it|describe|context)\s*\(|\b(?:this|t|ctx|context)\.(?:skip|todo)\s*\(|\b(?:skip|only|todo)\s*:\s*(?:true|["'`])|\bpending\s*\(|\bretryTimes\s*\(|\bif\s*\(\s*(?:false|0|!1)\s*\)/,
};

const PYTHON: LinePatterns = {
  cases: /^\s*(?:async\s+)?def\s+test\w*\s*\(/,
  checks: /^\s*assert\b|\.assert\w+\s*\(|\bassert_\w+\s*\(|\bpytest\.(?:raises|warns|approx|fail)\b/,
  weak: /^\s*assert\s+(?:not\s+)?[\w.()[\]]+\s*(?:,.*)?$|^\s*assert\b.*\b(?:is not None|isinstance\()|^\s*assert\b.*[<>]=?|\.assert(?:True|False|IsNotNone|IsInstance|Greater\w*|Less\w*)\s*\(/,
  skips:
    /\bmark\.(?:skip|skipif|xfail|flaky)\b|\b(?:pytest|unittest)\.(?:skip\w*|xfail|importorskip|expectedFailure)\b|\bself\.skipTest\s*\(|\bSkipTest\b|\bcollect_ignore|\b__test__\s*=\s*False|^\s*@(?:skip\w*|expectedFailure|flaky)\b|^\s*if\s+(?:False|0)\s*:/,
};

const GO: LinePatterns = {
  cases: /^func\s+(?:Test|Fuzz|Example|Benchmark)\w*\s*\(|\b[tb]\.Run\s*\(/,
  checks: /\b[tb]\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*\(|\b(?:assert|require|is|qt)\.\w+\s*\(/,
  weak: /\b(?:assert|require)\.(?:NotNil|True|NotEmpty|NotPanics|IsType|Implements|GreaterOrEqual)\s*\(/,
  skips: /\b[tb]\.(?:Skip|Skipf|SkipNow)\s*\(|^\s*\/\/\s?(?:go:build|\+build)\b|\bif\s+false\b/,
};

const RUST: LinePatterns = {
  cases: /#\[(?:\w+::)*(?:test|rstest|test_case|proptest|quickcheck)\b/,
  checks: /\b(?:debug_)?assert(?:_\w+)?!|#\[should_panic|\bprop_assert\w*!/,
  weak: /\bassert!\s*\([^=<>]*(?:\)|,)|\bassert_ne!/,
  skips: /#\[ignore\b|cfg_attr\([^)]*ignore|#!?\[cfg\((?:any\(\)|FALSE|not\(test\)|false)/,
};

const JVM: LinePatterns = {
  cases: /@(?:Test|ParameterizedTest|RepeatedTest|Property|TestFactory)\b/,
  checks: /\bassert\w*\s*[({]|\bverify\s*[({]|\bfail\s*\(|\bshould(?:Be|Throw|Contain|Equal)\w*|^\s*assert\b/,
  weak: /\bassert(?:NotNull|True|False|DoesNotThrow|InstanceOf|NotEquals)\s*\(|\.is(?:NotNull|NotEmpty|InstanceOf)\s*\(|\bshouldNotBe\b/,
  skips:
    /@(?:Disabled|Ignore|Ignored|Enabled(?:If|On)|PendingFeature)\w*|\bassum(?:e\w*|ing\w*)\s*\(|\bAssumptions\.|\benabled\s*=\s*false|\bthrow\s+new\s+SkipException|\bif\s*\(\s*false\s*\)/,
};

const RUBY: LinePatterns = {
  cases: /^\s*(?:it|specify|scenario|example|test|its)\b\s*(?:\(?["'{:]|do\b)|^\s*def\s+test_\w+/,
  checks: /\bexpect\s*[({]|\b(?:assert|refute)\w*\b|\.should(?:_not)?\b|\b(?:must|wont)_\w+|\bis_expected\b/,
  weak: /\bbe_(?:truthy|falsey|present|a|an|kind_of)\b|\b(?:not_to|to_not)\b|\b(?:refute_nil|assert_not_nil|assert_kind_of|assert_instance_of|respond_to|refute_empty)\b|^\s*assert\s+[\w.]+\s*$/,
  skips:
    /^\s*(?:skip|pending|omit)\b|\bx(?:it|describe|context|specify|scenario)\b|\bf(?:it|describe|context|scenario)\b|\b(?:skip|pending|focus)\s*(?::|=>)\s*(?:true|["'])|,\s*:(?:skip|pending|focus)\b|^\s*if\s+false\b/,
};

const DOTNET: LinePatterns = {
  cases: /\[(?:Fact|Theory|Test|TestCase|TestMethod|DataTestMethod)\b/,
  checks: /\bAssert\.\w+|\.Should\(\)|\bVerify\s*\(/,
  weak: /\bAssert\.(?:NotNull|IsNotNull|True|IsTrue|DoesNotThrow)\b|\.NotBeNull\(/,
  skips: /\bSkip\s*=\s*"|\[(?:Ignore|Explicit)\b|\bAssert\.(?:Ignore|Inconclusive|Pass)\b/,
};

const PHP: LinePatterns = {
  cases: /\bfunction\s+test\w*\s*\(|#\[Test\b|@test\b|^\s*(?:it|test)\s*\(/,
  checks: /\bassert\w*\s*\(|->expect\w+\s*\(|\bexpect\s*\(/,
  weak: /\bassert(?:NotNull|True|NotEmpty|InstanceOf|Is\w+)\s*\(/,
  skips: /\bmarkTest(?:Skipped|Incomplete)\b|->(?:skip|only|todo)\s*\(|#\[(?:Requires|IgnoreClass)\w*/,
};

const PATTERNS: Readonly<Record<TestLanguage, LinePatterns>> = {
  js: JS,
  python: PYTHON,
  go: GO,
  rust: RUST,
  jvm: JVM,
  ruby: RUBY,
  dotnet: DOTNET,
  php: PHP,
};

/** Checks of constants, and of a value against itself. */
const ALWAYS_PASSES: readonly RegExp[] = [
  /\bexpect\s*\(\s*(?:true|false|null|undefined|-?\d+|"[^"]*"|'[^']*')\s*\)\s*\.(?:not\.)?to/,
  /\bexpect\s*\((.{1,80}?)\)\s*\.to\w+\s*\(\s*\1\s*\)/,
  /\bassert\w*!?(?:\.\w+)?\s*\(\s*(?:t\s*,\s*)?(?:true|True|1|!0|"[^"]*"|'[^']*')\s*[,)]/,
  /^\s*assert\s+(?:True|true|1|not\s+False|not\s+false)\b/,
  /\bassert\w*!?(?:\.\w+)?\s*\(\s*(?:t\s*,\s*)?(-?\w+)\s*,\s*\1\s*[,)]/,
  /^\s*assert\s+([\w.]+)\s*==\s*\1\s*$/,
  /\bassert!\s*\(\s*(\w+)\s*==\s*\1\s*\)/,
];

const ROW = /^\s*[[{(].*[\]})]\s*,?\s*$/;
/** Longer lines are cut: the rest is data. */
const MAX_LINE_CHARS = 2_000;

const toStrength = (line: string, { checks, weak }: LinePatterns): TestLine["strength"] => {
  if (!checks.test(line) || ALWAYS_PASSES.some((pattern) => pattern.test(line))) return 0;
  return weak.test(line) ? 1 : 2;
};

/** Classifies a line of code. */
export const readTestLine = (whole: string, language: TestLanguage): TestLine => {
  const line = whole.slice(0, MAX_LINE_CHARS);
  const patterns = PATTERNS[language];
  const isSkip = patterns.skips.test(line);
  const strength = toStrength(line, patterns);
  const isCase = !isSkip && patterns.cases.test(line);
  return { isCase, strength, isSkip, isRow: strength === 0 && !isCase && ROW.test(line) };
};
