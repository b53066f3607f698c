import { refuseEmptyText, refuseHiddenCharacter, refuseLong, refuseOuterBlank, refuseTrailingBlank } from "../messages/refusals/plans.ts";
import { findHiddenChar, type HiddenChar, type TextUse } from "./hidden-chars.ts";
import type { PlannedStep } from "./plan.ts";
import type { Refusal } from "./refusal.ts";

/** Limits for a step's texts. A command line fits the width of a comment, a command a few screens. */
export const TEXT_LIMITS = {
  title: 200,
  description: 20_000,
  command: 10_000,
  commandLines: 100,
  /** Wide characters count twice, tabs eight times. */
  commandColumns: 120,
  blankLines: 3,
  verify: 20,
  paths: 100,
  path: 300,
} as const;

/** A text with its place in a tool's arguments: `step 'fix': run`. */
type NamedText = { readonly name: string; readonly text: string };

const describeHiddenChar = ({ code, line, column, reason }: HiddenChar): string =>
  `has ${code} at line ${line}, column ${column}: ${reason}`;

/** Why a text may not be shown for approval. Refusal: `hidden-character`. */
export const checkVisible = ({ name, text }: NamedText, use: TextUse): Refusal | null => {
  const found = findHiddenChar(text, use);
  return found && refuseHiddenCharacter(name, describeHiddenChar(found));
};

const checkLength = ({ name, text }: NamedText, most: number): Refusal | null =>
  text.length > most ? refuseLong(name, `has ${text.length} characters; at most ${most} are allowed`) : null;

const checkProse = (named: NamedText, use: "line" | "prose", most: number): Refusal | null =>
  checkLength(named, most) ?? checkVisible(named, use);

const countColumns = (line: string): number => {
  let columns = 0;
  for (const char of line) columns += char === "\t" ? 8 : char > "\u02ff" ? 2 : 1;
  return columns;
};

/** A blank at the end of a line is invisible, and disables a backslash before it. */
const findTrailingBlank = (lines: readonly string[]): number => lines.findIndex((line) => /[ \t]$/.test(line));

const checkCommandLines = (name: string, text: string): Refusal | null => {
  const lines = text.split("\n");
  if (lines.length > TEXT_LIMITS.commandLines)
    return refuseLong(name, `has ${lines.length} lines; at most ${TEXT_LIMITS.commandLines} are allowed, so put more into a script`);
  const long = lines.findIndex((line) => countColumns(line) > TEXT_LIMITS.commandColumns);
  if (long !== -1)
    return refuseLong(
      name,
      `has ${countColumns(lines[long] ?? "")} columns in line ${long + 1}; at most ${TEXT_LIMITS.commandColumns} are allowed, so end lines with a backslash or use a script`,
    );
  if (new RegExp(`\\n{${TEXT_LIMITS.blankLines + 2}}`).test(text))
    return refuseLong(name, `has more than ${TEXT_LIMITS.blankLines} blank lines in a row`);
  const trailing = findTrailingBlank(lines);
  if (trailing === -1) return null;
  return refuseTrailingBlank(name, trailing + 1);
};

/** Why a command may not be shown for approval. Refusals: `empty-text`, `text-too-long`, `hidden-character`. */
const checkCommandText = (named: NamedText): Refusal | null => {
  const { name, text } = named;
  if (text.trim() === "") return refuseEmptyText(name);
  return checkLength(named, TEXT_LIMITS.command) ?? checkVisible(named, "command") ?? checkCommandLines(name, text);
};

const checkCount = (name: string, { length }: readonly string[], most: number): Refusal | null =>
  length > most ? refuseLong(name, `has ${length} entries; at most ${most} are allowed`) : null;

const findFirstRefusal = (texts: readonly string[], check: (text: string, at: number) => Refusal | null): Refusal | null => {
  for (const [at, text] of texts.entries()) {
    const refused = check(text, at);
    if (refused) return refused;
  }
  return null;
};

const checkPathText = (named: NamedText): Refusal | null => {
  const { name, text } = named;
  if (text.trim() === "") return refuseEmptyText(name);
  if (text !== text.trim()) return refuseOuterBlank(name);
  return checkLength(named, TEXT_LIMITS.path) ?? checkVisible(named, "name");
};

/**
 * Why nobody can approve a step: a text has hidden characters or no room in a comment.
 * Refusals: `hidden-character`, `text-too-long`, `empty-text`.
 */
export const checkStepTexts = ({ id, title, description, role, paths, verify, run }: PlannedStep): Refusal | null => {
  const name = (field: string): string => `step '${id}': ${field}`;
  return (
    checkProse({ name: name("title"), text: title }, "line", TEXT_LIMITS.title) ??
    checkProse({ name: name("description"), text: description }, "prose", TEXT_LIMITS.description) ??
    checkVisible({ name: name("role"), text: role ?? "" }, "name") ??
    checkCount(name("paths"), paths, TEXT_LIMITS.paths) ??
    checkCount(name("verify"), verify, TEXT_LIMITS.verify) ??
    findFirstRefusal(paths, (text, at) => checkPathText({ name: name(`paths[${at}]`), text })) ??
    findFirstRefusal(verify, (text, at) => checkCommandText({ name: name(`verify[${at}]`), text })) ??
    (run === null ? null : checkCommandText({ name: name("run"), text: run }))
  );
};
