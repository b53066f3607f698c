/** Files that judge a change: `test` and `inline` hold tests, `manifest` holds a few lines about tests among others. */
export type JudgingFile = "test" | "inline" | "snapshot" | "coverage" | "ci" | "settings" | "manifest";

export type TestLanguage = "js" | "python" | "go" | "rust" | "jvm" | "ruby" | "dotnet" | "php";

const LANGUAGES: Readonly<Record<string, TestLanguage>> = {
  js: "js",
  jsx: "js",
  mjs: "js",
  cjs: "js",
  ts: "js",
  tsx: "js",
  mts: "js",
  cts: "js",
  vue: "js",
  svelte: "js",
  py: "python",
  go: "go",
  rs: "rust",
  java: "jvm",
  kt: "jvm",
  kts: "jvm",
  groovy: "jvm",
  scala: "jvm",
  rb: "ruby",
  cs: "dotnet",
  fs: "dotnet",
  php: "php",
};

/** The language of a file by its ending; null for files without tests. */
export const findTestLanguage = (path: string): TestLanguage | null =>
  LANGUAGES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()] ?? null;

const SNAPSHOTS = /(?:^|\/)__(?:image_)?snapshots__\/|(?:^|\/)(?:testdata|goldens?)\/|\.(?:snap|ambr|golden|approved)$|\.approved\.[^/]+$/;
const COVERAGE =
  /(?:^|\/)(?:\.nycrc[^/]*|nyc\.config\.[^/]+|\.c8rc[^/]*|\.coveragerc|\.?codecov\.ya?ml|\.coveralls\.yml|\.simplecov|tarpaulin\.toml|\.istanbul\.yml)$/;
const CI =
  /^\.github\/(?:workflows|actions)\/|^\.ci\/|^\.circleci\/|^\.buildkite\/|^\.gitlab-ci[^/]*$|^\.gitlab\/|^\.travis\.ya?ml$|^azure-pipelines[^/]*\.ya?ml$|^Jenkinsfile[^/]*$|^bitbucket-pipelines\.yml$|^\.drone\.ya?ml$|^appveyor\.yml$|^\.woodpecker/;
const SETTINGS =
  /(?:^|\/)(?:(?:jest|vitest|vite|playwright|cypress|karma|ava|wdio)[^/]*\.(?:config|conf|workspace|setup)\.[^/]+|vitest\.workspace\.[^/]+|\.mocharc[^/]*|pytest\.ini|tox\.ini|noxfile\.py|\.rspec|phpunit\.xml[^/]*|nextest\.toml|testng\.xml|junit-platform\.properties|\.rspec-local)$/;
const MANIFEST =
  /(?:^|\/)(?:package\.json|deno\.jsonc?|pyproject\.toml|setup\.cfg|Cargo\.toml|pom\.xml|build\.gradle(?:\.kts)?|Makefile|GNUmakefile|justfile|Justfile|Taskfile\.ya?ml|Rakefile|composer\.json)$/;
const TEST_NAME =
  /(?:^|\/)(?:conftest\.py|(?:spec|rails|test)_helper\.rb|[^/]+[._-](?:test|tests|spec|specs|cy|e2e|test-d)\.[cm]?[jt]sx?|test_[^/]+\.py|[^/]+_tests?\.py|[^/]+_test\.go|[^/]+_tests?\.rs|tests\.rs|(?:Test[A-Z][^/]*|[^/]+(?:Test|Tests|TestCase|IT|Spec))\.(?:java|kt|groovy|scala|cs|fs|php)|[^/]+_(?:spec|test)\.rb|test_[^/]+\.rb)$/;
const TEST_FOLDER = /(?:^|\/)(?:tests?|specs?|__tests__|e2e|cypress|integration-tests?|androidTest)\//i;
/** Folders of test folders whose files no runner reads as tests. */
const ASIDE = /(?:^|\/)(?:fixtures?|support|old|disabled|archived?|attic|skipped|examples?)\//i;

const NAMED: readonly (readonly [JudgingFile, RegExp])[] = [
  ["ci", CI],
  ["coverage", COVERAGE],
  ["settings", SETTINGS],
  ["snapshot", SNAPSHOTS],
  ["manifest", MANIFEST],
  ["test", TEST_NAME],
];

/** The way in which a file judges a change, by its path alone; null for other files. */
export const findJudgingFile = (path: string): JudgingFile | null => {
  const named = NAMED.find(([, pattern]) => pattern.test(path));
  if (named) return named[0];
  const language = findTestLanguage(path);
  if (language === null) return null;
  if (TEST_FOLDER.test(path)) return "test";
  // Rust keeps unit tests beside the code.
  return language === "rust" ? "inline" : null;
};

/** Whether a runner finds tests in a file with the given name. A test may move to such a file. */
export const isFoundByRunner = (path: string): boolean =>
  !ASIDE.test(path) && (TEST_NAME.test(path) || (TEST_FOLDER.test(path) && findTestLanguage(path) !== null));
