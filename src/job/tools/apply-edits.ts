import {
  NO_ANCHOR_REFUSAL,
  refuseAnchorOrder,
  refuseChangedAnchor,
  refuseMissingLine,
  refuseOverlap,
  refuseStaleHash,
} from "../../core/messages/refusals/tools.ts";
import { createHash } from "node:crypto";
import { accept, type Result } from "../../core/domain/refusal.ts";

/** Six hex digits of a hash of the exact line, including white space: a changed indentation is a change. */
export const hashLine = (line: string): string => createHash("sha256").update(line).digest("hex").slice(0, 6);

/** A line and its line ending; empty if the file ends without a newline. */
type FileLine = { readonly text: string; readonly end: string };

const splitFileLines = (content: string): FileLine[] =>
  [...content.matchAll(/([^\n]*?)(\r?\n)|([^\n]+)$/g)].map(([, text, end, rest]) => ({ text: text ?? rest ?? "", end: end ?? "" }));

/** The line ending of most lines. */
const findLineEnding = (lines: readonly FileLine[]): string => {
  const crlf = lines.filter(({ end }) => end === "\r\n").length;
  return crlf > lines.length / 2 ? "\r\n" : "\n";
};

/** Joins lines. Unchanged lines keep their line endings, and the last line ends as the file ended before. */
const joinFileLines = (lines: readonly FileLine[], before: readonly FileLine[]): string => {
  const ending = findLineEnding(before);
  const final = before.at(-1)?.end !== "" || before.length === 0;
  return lines
    .map(({ text, end }, at) => (at < lines.length - 1 ? text + (end || ending) : final ? text + (end || ending) : text))
    .join("");
};

/** Adds an anchor before each line: `<line>:<hash>|<text>`. */
export const addAnchors = (content: string): string => {
  const lines = splitFileLines(content);
  const width = String(lines.length).length;
  return lines.map(({ text }, at) => `${String(at + 1).padStart(width)}:${hashLine(text)}|${text}`).join("\n");
};

/** An anchor names a line as it was read; `^|` is before the first line, `$|` after the last. */
type EditEntry =
  | { readonly kind: "anchor"; readonly line: number; readonly hash: string | null; readonly shown: string }
  | { readonly kind: "text"; readonly text: string };

const readEditEntry = (text: string, last: number): EditEntry => {
  if (text === "^|") return { kind: "anchor", line: 0, hash: null, shown: "" };
  if (text === "$|") return { kind: "anchor", line: last + 1, hash: null, shown: "" };
  const [, line, hash, shown] = /^\s*(\d+):([0-9a-fA-F]{6})\|(.*)$/s.exec(text) ?? [];
  return line === undefined || hash === undefined
    ? { kind: "text", text }
    : { kind: "anchor", line: Number(line), hash: hash.toLowerCase(), shown: shown ?? "" };
};

type LineAnchor = Extract<EditEntry, { kind: "anchor" }>;
type LineEdit = { readonly from: number; readonly to: number; readonly lines: readonly FileLine[] };

/**
 * Applies all edits or none. In an edit, anchors stand for existing lines and other lines are new; everything in the file between two
 * anchors is replaced by what the edit has between them. Line endings and the final newline are kept.
 * Refusals: `no-anchor`, `out-of-range`, `stale-hash`, `changed-anchor`, `not-ascending`, `overlap`.
 */
export const applyEdits = (content: string, edits: readonly string[]): Result<string> => {
  const before = splitFileLines(content);
  const done: LineEdit[] = [];
  for (const edit of edits) {
    const read = readLineEdit(before, edit.replace(/\r\n/g, "\n"));
    if (!read.ok) return read;
    done.push(read.value);
  }
  done.sort((a, b) => a.from - b.from);
  for (const [at, edit] of done.entries()) {
    const last = done[at - 1];
    if (last && last.to >= edit.from) return refuseOverlap(edit.from);
  }
  const lines = [...before];
  for (const { from, to, lines: fresh } of done.toReversed())
    lines.splice(Math.max(0, from - 1), Math.min(to, before.length) - Math.max(1, from) + 1, ...fresh);
  return accept(joinFileLines(lines, before));
};

const readLineEdit = (lines: readonly FileLine[], edit: string): Result<LineEdit> => {
  const entries = edit
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => readEditEntry(line, lines.length));
  const anchors = entries.flatMap((entry) => (entry.kind === "anchor" ? [entry] : []));
  const [first] = anchors;
  const last = anchors.at(-1);
  if (!first || !last) return NO_ANCHOR_REFUSAL;
  let before = -1;
  for (const anchor of anchors) {
    const { line } = anchor;
    const fault = validateAnchor(lines, anchor) ?? (line <= before ? refuseAnchorOrder(line, before) : null);
    if (fault) return fault;
    before = line;
  }
  const fresh = entries.flatMap((entry): FileLine[] => {
    if (entry.kind === "text") return [{ text: entry.text, end: "" }];
    const line = entry.hash === null ? undefined : lines[entry.line - 1];
    return line ? [line] : [];
  });
  return accept({ from: first.line, to: last.line, lines: fresh });
};

const validateAnchor = (lines: readonly FileLine[], { line, hash, shown }: LineAnchor) => {
  if (hash === null) return null;
  const current = lines[line - 1]?.text;
  if (current === undefined) return refuseMissingLine(line, lines.length);
  const now = hashLine(current);
  if (now !== hash) return refuseStaleHash(line, { expected: hash, now });
  // New text after an anchor is meant as a change; accepting it would report "ok" although nothing changes.
  if (shown === "" || shown === current) return null;
  return refuseChangedAnchor(line);
};
