import type { TamperingFinding, TamperingKind } from "../domain/tampering.ts";
import { countLines, listSettingLines, subtractLines } from "./changed-lines.ts";
import { findJudgingFile, findTestLanguage, isFoundByRunner, type JudgingFile, type TestLanguage } from "./judging-files.ts";
import { stripComments } from "./strip-comments.ts";
import { readTestLine, type TestLine } from "./test-lines.ts";

/** A file that is binary or too large. */
type UnreadText = { readonly isUnread: true };
export const UNREAD: UnreadText = { isUnread: true };
/** The text of a file; null for a missing file. */
export type JudgedText = string | UnreadText | null;
export type JudgedChange = { readonly path: string; readonly before: JudgedText; readonly after: JudgedText };

const isUnread = (text: JudgedText): text is UnreadText => typeof text === "object" && text !== null;

/** Finds the files of a change that delete, skip or weaken its judges. Adding and moving tests is no tampering. */
export const findTampering = (changes: readonly JudgedChange[]): TamperingFinding[] => {
  const read = changes.flatMap((change) => {
    const file = findJudgingFile(change.path);
    return file === null ? [] : [{ ...change, file }];
  });
  const moves = collectArrivals(read);
  return read.flatMap((change) => {
    const kind = judgeChange(change, moves);
    return kind === null ? [] : [{ path: change.path, kind }];
  });
};

type ReadChange = JudgedChange & { readonly file: JudgingFile };

const judgeChange = (change: ReadChange, moves: LineCounts): TamperingKind | null => {
  switch (change.file) {
    case "ci":
    case "coverage":
    case "settings":
      return judgeSettings(change, change.file);
    case "manifest":
      return judgeSettings(change, "settings");
    case "snapshot":
      return change.before === null ? null : "snapshot";
    case "test":
    case "inline":
      return judgeTests(change, moves);
  }
};

const judgeSettings = ({ file, path, before, after }: ReadChange, kind: TamperingKind): TamperingKind | null => {
  if (isUnread(before) || isUnread(after)) return "unread";
  if (file !== "manifest" && after === null) return kind;
  const { lost, loosened } = listSettingLines({ path, isManifest: file === "manifest", before: before ?? "", after: after ?? "" });
  return loosened.length > 0 || (before !== null && lost.length > 0) ? kind : null;
};

type LineCounts = Map<string, number>;

/** The first line of the tests in a Rust source. */
const INLINE_TEST = /#\[(?:cfg\((?:test|all\(test|any\()|(?:\w+::)*test\b|ignore)/;

const TESTLESS: readonly string[] = [];

/** Lines of a file without comments. Code in a Rust source counts only after the first test. */
const listTestLines = (text: string | null, language: TestLanguage, file: JudgingFile): readonly string[] => {
  if (text === null) return TESTLESS;
  const lines = stripComments(text, language);
  if (file !== "inline") return lines;
  const first = lines.findIndex((line) => INLINE_TEST.test(line));
  return first < 0 ? TESTLESS : lines.slice(first);
};

type ChangedTests = {
  readonly path: string;
  readonly file: JudgingFile;
  readonly language: TestLanguage;
  readonly gained: string[];
  readonly lost: string[];
};

const listChangedTests = (changes: readonly ReadChange[]): ChangedTests[] =>
  changes.flatMap(({ path, file, before, after }) => {
    const language = findTestLanguage(path);
    if ((file !== "test" && file !== "inline") || !language || isUnread(after) || isUnread(before)) return [];
    const [old, now] = [listTestLines(before, language, file), listTestLines(after, language, file)];
    return [{ path, file, language, gained: subtractLines(now, old), lost: subtractLines(old, now) }];
  });

/** Lines that test files gained: a test may have moved from another file. Moves into skipped tests do not count. */
const collectArrivals = (changes: readonly ReadChange[]): LineCounts => {
  const all: LineCounts = new Map();
  const tests = listChangedTests(changes);
  const departed = countLines(tests.flatMap(({ lost }) => lost));
  for (const { path, file, language, gained } of tests) {
    if (file === "test" && !isFoundByRunner(path)) continue;
    if (gained.some((line) => !departed.has(line) && readTestLine(line, language).isSkip)) continue;
    for (const line of gained) all.set(line, (all.get(line) ?? 0) + 1);
  }
  return all;
};

/** Removed lines without those that arrived in another file; each arrival counts once. */
const withoutMoved = (removed: readonly string[], added: readonly string[], moves: LineCounts): string[] => {
  const own = countLines(added);
  return removed.filter((line) => {
    const elsewhere = (moves.get(line) ?? 0) - (own.get(line) ?? 0);
    if (elsewhere <= 0) return true;
    moves.set(line, (moves.get(line) ?? 0) - 1);
    return false;
  });
};

const judgeTests = ({ path, file, before, after }: ReadChange, moves: LineCounts): TamperingKind | null => {
  if (isUnread(before) || isUnread(after)) return before === null ? null : "unread";
  const language = findTestLanguage(path);
  if (language === null) return null;
  const [old, now] = [listTestLines(before, language, file), listTestLines(after, language, file)];
  const added = subtractLines(now, old);
  const gained = sumLines(added, language);
  // A new file skips no earlier test, but in some runners it can silence all others.
  if (before === null) return added.some((line) => SILENCES_OTHERS.test(line)) ? "skipped" : null;
  const lost = sumLines(withoutMoved(subtractLines(old, now), added, moves), language);
  if (gained.skips > lost.skips) return "skipped";
  if (after === null) return hasTests(lost) ? "deleted" : null;
  if (lost.cases > gained.cases) return "deleted";
  return isWeaker(lost, gained) ? "weakened" : null;
};

const SILENCES_OTHERS = /\b(?:it|test|describe|context|suite|specify)\.only\b|\bf(?:it|describe|context)\s*[( ]|\bfocus\s*(?::|=>)\s*true/;

const hasTests = ({ cases, strong, weak, rows }: LineSum): boolean => cases + strong + weak + rows > 0;

const isWeaker = (lost: LineSum, gained: LineSum): boolean =>
  lost.strong > gained.strong ||
  lost.strong + lost.weak > gained.strong + gained.weak ||
  lost.rows > gained.rows ||
  (gained.exits > lost.exits && gained.cases === 0);

/** Counts over lines of tests. `exits`: lines that end a test early. */
type LineSum = {
  readonly cases: number;
  readonly strong: number;
  readonly weak: number;
  readonly skips: number;
  readonly rows: number;
  readonly exits: number;
};

const EXIT = /^\s*(?:return|exit)\s*;?\s*$|^\s*(?:process\.exit|os\._exit|sys\.exit|System\.exit|os\.Exit)\b/;

const sumLines = (lines: readonly string[], language: TestLanguage): LineSum => {
  const read = lines.map((line) => readTestLine(line, language));
  const count = (test: (line: TestLine) => boolean): number => read.filter(test).length;
  return {
    cases: count(({ isCase }) => isCase),
    strong: count(({ strength }) => strength === 2),
    weak: count(({ strength }) => strength === 1),
    skips: count(({ isSkip }) => isSkip),
    rows: count(({ isRow }) => isRow),
    exits: lines.filter((line) => EXIT.test(line)).length,
  };
};
