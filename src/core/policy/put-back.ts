import { parseJsonRecord, toRecord } from "../domain/parse-json.ts";
import { NOT_SETTINGS } from "./changed-lines.ts";
import { INLINE_TEST } from "./find-tampering.ts";
import { findJudgingFile } from "./judging-files.ts";

/** A file before and after a change. */
type ChangedText = { readonly path: string; readonly before: string; readonly after: string };

/**
 * The text of a file whose part about tests is as before while the rest is as after the change; null if the whole file is as before. Only
 * Rust sources and package.json hold so much else that the code of the change would not work without it.
 */
export const putBackChecks = ({ path, before, after }: ChangedText): string | null =>
  isPackage(path) ? putBackPackageSettings(before, after) : isInline(path) ? putBackInlineTests(before, after) : null;

const isPackage = (path: string): boolean => /(?:^|\/)package\.json$/.test(path);
const isInline = (path: string): boolean => findJudgingFile(path) === "inline";

/** Whether only a part of the file may be as before. */
export const isPutBackInPart = (path: string): boolean => isPackage(path) || isInline(path);

const findTests = (lines: readonly string[]): number => {
  const first = lines.findIndex((line) => INLINE_TEST.test(line) && !line.trimStart().startsWith("//"));
  return first < 0 ? lines.length : first;
};

/** Tests follow the code that they test. */
const putBackInlineTests = (before: string, after: string): string => {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const code = now.slice(0, findTests(now));
  return [...(code.at(-1) === "" ? code.slice(0, -1) : code), ...old.slice(findTests(old))].join("\n");
};

type Fields = Readonly<Record<string, unknown>>;

/** Scripts and settings of test tools that a change adds count only with the change. */
const TEST_SCRIPT = /^(?:pre|post)?(?:test|check|verify|coverage|ci|lint|spec)/;
const TEST_TOOL = /^(?:jest|vitest|nyc|c8|ava|mocha|tap|karma|cypress)$/;

const pick = (fields: Fields, isPicked: (name: string) => boolean): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => isPicked(name)));

/** Needs and contents are as after the change, and settings as before; a setting that the change adds stays unless tests depend on it. */
const putBackPackageSettings = (before: string, after: string): string | null => {
  const [old, now] = [parseJsonRecord(before), parseJsonRecord(after)];
  if (!old || !now) return null;
  const scripts = { ...pick(toRecord(now["scripts"]) ?? {}, (name) => !TEST_SCRIPT.test(name)), ...toRecord(old["scripts"]) };
  const isKept = (name: string): boolean => NOT_SETTINGS.test(name) || (!Object.hasOwn(old, name) && !TEST_TOOL.test(name));
  const all = { ...pick(old, (name) => !NOT_SETTINGS.test(name)), ...pick(now, isKept) };
  return `${JSON.stringify({ ...all, ...(Object.keys(scripts).length > 0 && { scripts }) }, null, 2)}\n`;
};
