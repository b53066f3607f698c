export const countLines = (lines: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line.trim(), (counts.get(line.trim()) ?? 0) + 1);
  return counts;
};

/** Trimmed lines of a text that the other text lacks, each as often as missing; order and indentation do not count. */
export const subtractLines = (from: readonly string[], others: readonly string[]): string[] => {
  const counts = countLines(others);
  return from.flatMap((line) => {
    const text = line.trim();
    const left = counts.get(text) ?? 0;
    if (left > 0) counts.set(text, left - 1);
    return left > 0 || text === "" ? [] : [text];
  });
};

/** Lines of a manifest about the running of tests. */
const TEST_SETTING =
  /^"(?:pre|post)?(?:test|tests|check|verify|coverage|ci|lint|spec)[\w:.-]*"\s*:|^"(?:jest|nyc|c8|ava|mocha)"\s*:\s*\{|^"?(?:coverageThreshold|branches|functions|lines|statements|testMatch|testRegex|collectCoverage\w*|testEnvironment)"?\s*:|\b(?:fail_under|addopts|testpaths|python_files|norecursedirs|exclude_lines|xfail_strict|filterwarnings)\b|^\[\[test\]\]|^\s*(?:auto)?tests?\s*=|\bharness\s*=|\b(?:useJUnit\w*|jacoco\w*|surefire|failsafe)\b|^@?-?(?:npm|npx|pnpm|yarn|bun|pytest|python|tox|go|cargo|mvn|\.\/mvnw|gradle|\.\/gradlew|bundle|rake|rspec|vitest|jest)\b.*\b(?:test|spec|check|verify|pytest|rspec|vitest|jest|coverage)|\bRSpec::|\bTestTask\b/;

/** A target of a Makefile, or a key of YAML. A single pattern for name and place would take quadratic time. */
const TARGET = /^[\w.-]+(?=\s*:)/;
const TEST_TARGET = /test|check|spec|coverage|verify/;

const isTestSetting = (line: string): boolean => TEST_SETTING.test(line) || TEST_TARGET.test(TARGET.exec(line)?.[0] ?? "");

/** A longer line counts as found, unread. */
const MAX_SETTING_CHARS = 2_000;
const isLong = (line: string): boolean => line.length > MAX_SETTING_CHARS;

/** Settings that run fewer tests or let tests fail. */
const LOOSENED =
  /\bexclude\w*\b|\bignore\w*\b|\bomit\b|\bskip\w*\b|passWithNoTests|pass-with-no-tests|collect_ignore|deselect|\|\|\s*(?:true|exit 0|:)(?:\s|"|$)|;\s*(?:true|exit 0)(?:\s|"|$)|continue-on-error|allow_failure|(?:test)?FailureIgnore|ignoreFailures|testNamePattern|--grep\b|\bretries\b|\bretry\b|\bset \+e\b|\bif:\s*(?:false|\$\{\{\s*false)|paths-ignore|branches-ignore|^-\w*\s*(?:npm|pytest|go|cargo|mvn|bundle) .*test|\bharness\s*=\s*false|\btest\s*=\s*false|autotests\s*=\s*false|--no-verify\b|\benabled\s*=\s*false|:\s*"(?:true|exit 0|echo\b[^"]*|:)"/i;

/** Manifests mention the same words for other things, such as files left out of a package. */
const MANIFEST_LOOSENED =
  /passWithNoTests|pass-with-no-tests|\|\|\s*(?:true|exit 0|:)(?:\s|"|$)|;\s*(?:true|exit 0)(?:\s|"|$)|FailureIgnore|ignoreFailures|skipTests|maven\.test\.skip|<skip>true|\bharness\s*=\s*false|\btests?\s*=\s*false|testPathIgnorePatterns|--deselect|--ignore\b|\bexclude(?:Test\w*|Tags?)\b|\bexclude\s*(?:\(\s*)?["']\*\*|<exclude>|<excludedGroups>|\bomit\s*=|\benabled\s*=\s*false/i;

type ChangedSettings = { readonly path: string; readonly isManifest: boolean; readonly before: string; readonly after: string };

/** The changed lines of a configuration that matter: `lost` are gone, `loosened` are new and run fewer tests or let tests fail. */
export const listSettingLines = ({ path, isManifest, before, after }: ChangedSettings): { lost: string[]; loosened: string[] } => {
  const isComment = /\.(?:json|jsonc)$/.test(path) ? /^\/\// : /^(?:#|\/\/|\*|\/\*|<!--)/;
  const toLines = (text: string): string[] => text.split("\n").filter((line) => !isComment.test(line.trim()));
  const isPackage = /(?:^|\/)package\.json$/.test(path);
  const read = (text: string): string[] => (isPackage ? listPackageSettings(text) : null) ?? toLines(text);
  const [old, now] = [read(before), read(after)];
  const lost = subtractLines(withoutCommas(old), withoutCommas(now));
  const added = subtractLines(withoutCommas(now), withoutCommas(old));
  return {
    lost: isManifest ? lost.filter((line) => isLong(line) || isTestSetting(line)) : lost.filter((line) => /\w/.test(line)),
    loosened: added.filter((line) => isLong(line) || (isManifest ? MANIFEST_LOOSENED : LOOSENED).test(line)),
  };
};

/** Parts of a package.json about its needs and contents, not about its tests; their keys often have the same words. */
export const NOT_SETTINGS =
  /^(?:\w*[dD]ependencies|overrides|resolutions|name|version|description|keywords|files|exports|imports|bin|repository|engines)$/;

/** The settings of a package.json with one value a line, whatever its layout; null for invalid JSON. */
const listPackageSettings = (text: string): string[] | null => {
  try {
    const all = Object.entries(JSON.parse(text) as object).filter(([key]) => !NOT_SETTINGS.test(key));
    return JSON.stringify(Object.fromEntries(all), null, 1).split("\n");
  } catch {
    return null;
  }
};

/** A comma at the end of a line changes when a line is added after it. */
const withoutCommas = (lines: readonly string[]): string[] => lines.map((line) => line.trimEnd().replace(/,$/, ""));
