import { parseJsonRecord, toRecord } from "../domain/parse-json.ts";
import { NOT_SETTINGS } from "./changed-lines.ts";
import { findJudgingFile } from "./judging-files.ts";

/** A file before and after a change. */
type ChangedText = { readonly path: string; readonly before: string; readonly after: string };

/**
 * How the tests and settings of a file are put back: as a text in which the rest is as after the change, or the file as a whole. `inseparable`:
 * tests and code are mixed, so the old file would also bring back the old code.
 */
export type PutBack = { readonly kind: "text"; readonly text: string } | { readonly kind: "whole" } | { readonly kind: "inseparable" };

/** Puts back the part of a changed file that judges. Rust sources keep the code of the change, and package.json its dependencies. */
export const putBackChecks = ({ path, before, after }: ChangedText): PutBack =>
  isPackage(path) ? putBackPackageSettings(before, after) : isInline(path) ? putBackInlineTests(before, after) : { kind: "whole" };

const isPackage = (path: string): boolean => /(?:^|\/)package\.json$/.test(path);

/** Whether code and tests share the file, so that it is never put back as a whole. */
export const isInline = (path: string): boolean => findJudgingFile(path) === "inline";

/** Whether only a part of the file may be put back. */
export const isPutBackInPart = (path: string): boolean => isPackage(path) || isInline(path);

const TEST_MODULE = /^#\[cfg\((?:test|all\(test|any\(test)\b/;
const MODULE_START = /^(?:#\[[^\]]*\]\s*)?(?:pub(?:\([^)]*\))?\s+)?mod\s+\w+\s*\{/;
const TEST_MARK = /^[^/]*#\[(?:(?:\w+::)*test\b|ignore)/;
const BESIDE_CODE = /^\s*(?:$|\/\/|#\[)/;

/** The first mark of a module of tests; -1 without one. Reads each line once, from the end. */
const findTestModule = (lines: readonly string[]): number => {
  let [first, isModuleNext] = [-1, false];
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const line = lines[at] ?? "";
    if (TEST_MODULE.test(line) && (isModuleNext || MODULE_START.test(line))) first = at;
    if (!BESIDE_CODE.test(line)) isModuleNext = MODULE_START.test(line);
  }
  return first;
};

/** Splits a Rust source before the module of its tests; null if tests are elsewhere, or if anything follows the module. */
const splitSource = (text: string): { readonly code: readonly string[]; readonly tests: readonly string[] } | null => {
  const lines = text.split("\n");
  const at = findTestModule(lines);
  const [code, tests] = at < 0 ? [lines, []] : [lines.slice(0, at), lines.slice(at)];
  const end = tests.findIndex((line) => line.startsWith("}"));
  const follows = end >= 0 && tests.slice(end + 1).some((line) => line.trim() !== "");
  return follows || code.some((line) => TEST_MARK.test(line)) ? null : { code, tests };
};

const putBackInlineTests = (before: string, after: string): PutBack => {
  const [old, now] = [splitSource(before), splitSource(after)];
  if (!old || !now) return { kind: "inseparable" };
  const code = now.code.at(-1) === "" ? now.code.slice(0, -1) : now.code;
  return { kind: "text", text: [...code, ...old.tests].join("\n") };
};

type Fields = Readonly<Record<string, unknown>>;

/** Scripts and settings of test tools that a change adds count only with the change. */
const TEST_SCRIPT = /^(?:pre|post)?(?:test|check|verify|coverage|ci|lint|spec)/;
const TEST_TOOL = /^(?:jest|vitest|nyc|c8|ava|mocha|tap|karma|cypress)$/;

const pick = (fields: Fields, isPicked: (name: string) => boolean): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => isPicked(name)));

/** Needs and contents are as after the change, and settings as before; a setting that the change adds stays unless tests depend on it. */
const putBackPackageSettings = (before: string, after: string): PutBack => {
  const [old, now] = [parseJsonRecord(before), parseJsonRecord(after)];
  if (!old || !now) return { kind: "whole" };
  const scripts = { ...pick(toRecord(now["scripts"]) ?? {}, (name) => !TEST_SCRIPT.test(name)), ...toRecord(old["scripts"]) };
  const isKept = (name: string): boolean => NOT_SETTINGS.test(name) || (!Object.hasOwn(old, name) && !TEST_TOOL.test(name));
  const all = { ...pick(old, (name) => !NOT_SETTINGS.test(name)), ...pick(now, isKept) };
  try {
    return { kind: "text", text: `${JSON.stringify({ ...all, ...(Object.keys(scripts).length > 0 && { scripts }) }, null, 2)}\n` };
  } catch {
    // Nested too deeply to be written, though not to be read.
    return { kind: "whole" };
  }
};
