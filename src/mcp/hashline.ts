import { createHash } from "node:crypto";
import { accept, refuse, type Result } from "../model/refusal.ts";

/** Six hex digits of the exact line, white space included: an indentation that changed is a change. */
export const lineHash = (line: string): string => createHash("sha256").update(line).digest("hex").slice(0, 6);

type Text = { readonly lines: readonly string[]; readonly ending: "\n" | "\r\n"; readonly final: boolean };

const split = (content: string): Text => {
  const ending = content.includes("\r\n") ? "\r\n" : "\n";
  if (content === "") return { lines: [], ending, final: true };
  const lines = content.split(/\r?\n/);
  const final = lines.at(-1) === "";
  return { lines: final ? lines.slice(0, -1) : lines, ending, final };
};

const join = ({ lines, ending, final }: Text): string => (lines.length === 0 ? "" : lines.join(ending) + (final ? ending : ""));

/** A file with an anchor before each line: `<line>:<hash>|<text>`. */
export const tagLines = (content: string): string => {
  const { lines } = split(content);
  const width = String(lines.length).length;
  return lines.map((line, at) => `${String(at + 1).padStart(width)}:${lineHash(line)}|${line}`).join("\n");
};

/** An anchor names a line as it was read; `^|` is the place before the first line, `$|` the place after the last. */
type Entry =
  | { readonly kind: "anchor"; readonly line: number; readonly hash: string | null }
  | { readonly kind: "text"; readonly text: string };

const readEntry = (text: string, last: number): Entry => {
  if (text === "^|") return { kind: "anchor", line: 0, hash: null };
  if (text === "$|") return { kind: "anchor", line: last + 1, hash: null };
  const found = /^\s*(\d+):([0-9a-fA-F]{6})\|/.exec(text);
  return found ? { kind: "anchor", line: Number(found[1]), hash: (found[2] ?? "").toLowerCase() } : { kind: "text", text };
};

type Edit = { readonly from: number; readonly to: number; readonly lines: readonly string[] };

/**
 * A file with edits applied, all or none. In an edit, anchors stand for the lines that they name, other lines are new,
 * and what the file has between two anchors is replaced by what the edit has between them. Line ends and the final newline stay as they are.
 * Refusals: `no-anchor`, `out-of-range`, `stale-hash`, `not-ascending`, `overlap`.
 */
export const applyEdits = (content: string, edits: readonly string[]): Result<string> => {
  const text = split(content);
  const done: Edit[] = [];
  for (const edit of edits) {
    const read = readEdit(text.lines, edit.replace(/\r\n/g, "\n"));
    if (!read.ok) return read;
    done.push(read.value);
  }
  done.sort((a, b) => a.from - b.from);
  for (const [at, edit] of done.entries()) {
    const before = done[at - 1];
    if (before && before.to >= edit.from) return refuse("overlap", `two edits overlap at line ${edit.from}`);
  }
  const lines = [...text.lines];
  for (const { from, to, lines: fresh } of done.toReversed())
    lines.splice(Math.max(0, from - 1), Math.min(to, text.lines.length) - Math.max(1, from) + 1, ...fresh);
  return accept(join({ ...text, lines }));
};

const readEdit = (lines: readonly string[], edit: string): Result<Edit> => {
  const entries = edit
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => readEntry(line, lines.length));
  const anchors = entries.flatMap((entry) => (entry.kind === "anchor" ? [entry] : []));
  const [first] = anchors;
  const last = anchors.at(-1);
  if (!first || !last) return refuse("no-anchor", "edit must contain at least one hashline anchor");
  let before = -1;
  for (const { line, hash } of anchors) {
    const fault =
      checkAnchor(lines, line, hash) ??
      (line <= before ? refuse("not-ascending", `anchors must be in ascending order, got line ${line} after line ${before}`) : null);
    if (fault) return fault;
    before = line;
  }
  const fresh = entries.flatMap((entry) =>
    entry.kind === "text" ? [entry.text] : entry.hash === null ? [] : [lines[entry.line - 1] ?? ""],
  );
  return accept({ from: first.line, to: last.line, lines: fresh });
};

const checkAnchor = (lines: readonly string[], line: number, hash: string | null) => {
  if (hash === null) return null;
  const current = lines[line - 1];
  if (current === undefined) return refuse("out-of-range", `line ${line} out of range (file has ${lines.length} lines)`);
  const now = lineHash(current);
  return now === hash ? null : refuse("stale-hash", `stale hash at line ${line}: expected ${hash}, got ${now} — re-read the file`);
};
