import { MAX_REASON_CHARS, type Outcome, OUTCOME_KINDS } from "../domain/outcome.ts";
import { takeFirstChars, takeLastChars } from "../domain/visible-text.ts";
import { isJsonObject, readJson } from "./read-json.ts";
import { findFencedLines, findOutputBlock, removeOutputMarkers } from "./output-block.ts";

const KEY_VALUE_LINE = /^\s*(?:[-*]\s+)?(?:\*\*)?([A-Za-z]+)(?:\*\*)?\s*:\s*(?:\*\*)?(.*)$/;

/** The four statuses with any separators: agents also write `nothing to do` and `Nothing_To_Do`. */
const STATUS_WORD = new RegExp(
  `^(${OUTCOME_KINDS.map((kind) => kind.replaceAll("-", "[-_ ]+")).join("|")})(?![a-z0-9-])[\\s.,:;()–—-]*`,
  "i",
);

/** Splits a value such as `failed (no network)` or `**Nothing to do**.` into its status and the text after the status. */
const readStatus = (value: string): { readonly kind: Outcome["kind"]; readonly rest: string } | null => {
  const plain = value.replaceAll(/[`*"']/g, "").trim();
  const [start = "", word = ""] = STATUS_WORD.exec(plain) ?? [];
  const kind = OUTCOME_KINDS.find((each) => each === word.toLowerCase().replaceAll(/[\s_]+/g, "-"));
  return kind === undefined ? null : { kind, rest: plain.slice(start.length).replace(/[)]$/, "").trim() };
};

const keyOf = (line: string): string => KEY_VALUE_LINE.exec(line)?.[1]?.toLowerCase() ?? "";
const valueOf = (line: string): string => KEY_VALUE_LINE.exec(line)?.[2] ?? "";

/** The text behind `reason:` and on the lines below it; without that key, the rest of the block. */
const readReason = (lines: readonly string[], status: number): string => {
  const at = lines.findLastIndex((line) => keyOf(line) === "reason");
  if (at === -1) return lines.filter((_, index) => index !== status).join("\n");
  const end = lines.findIndex((line, index) => index > at && (index === status || line.trim() === ""));
  const first = KEY_VALUE_LINE.exec(lines[at] ?? "")?.[2] ?? "";
  return [first, ...lines.slice(at + 1, end === -1 ? undefined : end)].join("\n");
};

/**
 * The index of the last line outside of code fences that states a status. A list item counts only if no other line states one, since lists report on
 * several things.
 */
const findStatusLine = (lines: readonly string[]): number => {
  const fenced = findFencedLines(lines);
  const states = (line: string, at: number): boolean => !fenced.has(at) && keyOf(line) === "status" && readStatus(valueOf(line)) !== null;
  const own = lines.findLastIndex((line, at) => states(line, at) && !/^\s*[-*]\s/.test(line));
  return own === -1 ? lines.findLastIndex(states) : own;
};

/** A block that is a JSON object, converted to lines; null for any other text. */
const jsonToLines = (block: string): string[] | null => {
  const value = readJson(block.replace(/^```(?:json)?\s*\n/, "").replace(/\n```\s*$/, ""))?.value;
  if (value === undefined || !isJsonObject(value)) return null;
  const { status, reason } = value;
  return typeof status === "string" ? [`status: ${status}`, ...(typeof reason === "string" ? [`reason: ${reason}`] : [])] : null;
};

/** The outcome in the `[OUTPUT]` block of an answer, as lines `status: …` and `reason: …` or as JSON; null if the block states none. */
export const readStatedOutcome = (answer: string): Outcome | null => {
  const block = findOutputBlock(answer);
  const lines = jsonToLines(block ?? "") ?? (block ?? "").split("\n");
  const at = findStatusLine(lines);
  const status = readStatus(valueOf(lines[at] ?? ""));
  if (status === null) return null;
  const reason = [readReason(lines, at).trim(), status.rest].find((text) => text !== "");
  // If the block has nothing but a status, the reason is in the words around it.
  const around = takeLastChars(
    removeOutputMarkers(answer)
      .replace(block ?? "", "")
      .trim(),
    500,
  );
  return { kind: status.kind, reason: takeFirstChars(reason ?? around, MAX_REASON_CHARS) };
};
