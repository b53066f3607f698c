import type { DiffPatch } from "./commit-log.ts";
import { html, type SafeHtml } from "./safe-html.ts";

type DiffLine = {
  readonly kind: "add" | "del" | "same" | "hunk";
  readonly old: number | null;
  readonly new: number | null;
  readonly text: string;
};
export type FileDiff = { readonly path: string; readonly notes: readonly string[]; readonly lines: readonly DiffLine[] };

/** The limits for lines of all files, and for files. */
const MAX_DIFF_LINES = 6_000;
const MAX_DIFF_FILES = 300;
/** A file with more lines is folded. */
const MAX_UNFOLDED_LINES = 400;
const MAX_LINE_COLUMNS = 1_000;
const HUNK_PATTERN = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;
const FILE_DIFF_PREFIX = "diff --git ";

const readDiffLines = (lines: readonly string[]): DiffLine[] => {
  let [before, after] = [0, 0];
  return lines.flatMap((line): DiffLine[] => {
    const [, from, to] = HUNK_PATTERN.exec(line) ?? [];
    if (from !== undefined && to !== undefined) {
      [before, after] = [Number(from), Number(to)];
      return [{ kind: "hunk", old: null, new: null, text: line }];
    }
    const text = line.slice(1);
    if (line.startsWith("+")) return [{ kind: "add", old: null, new: after++, text }];
    if (line.startsWith("-")) return [{ kind: "del", old: before++, new: null, text }];
    if (line.startsWith(" ")) return [{ kind: "same", old: before++, new: after++, text }];
    return line === "" ? [] : [{ kind: "hunk", old: null, new: null, text: line }];
  });
};

const readDiffPath = (head: readonly string[]): string => {
  const readName = (start: string): string | undefined => {
    const line = head.find((each) => each.startsWith(start));
    if (line === undefined || line.endsWith("/dev/null")) return undefined;
    const name = line.slice(start.length).replace(/\t$/, "");
    return start.endsWith(" to ") ? name : name.replace(/^("?)[ab]\//, "$1");
  };
  // A change without lines has only the first line, where both names are equal.
  const first = (head[0] ?? "").slice(FILE_DIFF_PREFIX.length);
  return readName("+++ ") ?? readName("--- ") ?? readName("rename to ") ?? readName("copy to ") ?? readUnchangedName(first);
};

/** Reads the name from `a/<name> b/<name>`. The name may contain any character. */
const readUnchangedName = (line: string): string => {
  const half = (line.length - 1) / 2;
  return line.slice(Number.isInteger(half) ? half + 1 : 0).replace(/^("?)b\//, "$1");
};

const readFileDiff = (lines: readonly string[]): FileDiff => {
  const start = lines.findIndex((line) => line.startsWith("@@ "));
  const head = start === -1 ? lines : lines.slice(0, start);
  const notes = head.slice(1).filter((line) => !/^(?:index |--- |\+\+\+ |$)/.test(line));
  return { path: readDiffPath(head), notes, lines: start === -1 ? [] : readDiffLines(lines.slice(start)) };
};

/** Reads git's patch as files. Unknown header lines are kept as notes. */
export const readPatch = (text: string): FileDiff[] => {
  // Split only at `\n`, as git does: another line end inside a file must not start a new line.
  const lines = text.split("\n");
  const starts = lines.flatMap((line, index) => (line.startsWith(FILE_DIFF_PREFIX) ? [index] : []));
  return starts.map((start, index) => readFileDiff(lines.slice(start, starts[index + 1])));
};

const LINE_SIGNS = { add: "+", del: "−", same: " ", hunk: "" } as const;

const renderCutLine = (text: string): SafeHtml =>
  text.length > MAX_LINE_COLUMNS
    ? html`${text.slice(0, MAX_LINE_COLUMNS)}<span class="left"> … ${text.length - MAX_LINE_COLUMNS} more characters</span>`
    : html`${text}`;

const renderDiffRow = ({ kind, old, new: now, text }: DiffLine): SafeHtml =>
  kind === "hunk"
    ? html`<tr class="hunk">
        <td colspan="3">${renderCutLine(text)}</td>
      </tr>`
    : html`<tr class="${kind}">
        <td class="at">${old}</td>
        <td class="at">${now}</td>
        <td><span class="sign">${LINE_SIGNS[kind]} </span>${renderCutLine(text)}</td>
      </tr>`;

const renderFileCard = (file: FileDiff, shown: readonly DiffLine[]): SafeHtml => {
  const count = (kind: DiffLine["kind"]): number => file.lines.filter((line) => line.kind === kind).length;
  const hiddenLines = file.lines.length - shown.length;
  const table = html`<div class="scroll" tabindex="0">
    <table class="diff">
      <tbody>
        ${shown.map(renderDiffRow)}
      </tbody>
    </table>
  </div>`;
  return html`<details class="card" ${file.lines.length > MAX_UNFOLDED_LINES ? null : html` open`}>
    <summary>
      <span class="mono">${file.path}</span><span class="dim small">${file.notes.join(" · ")}</span
      ><span class="right mono"><span class="plus">+${count("add")}</span> <span class="minus">−${count("del")}</span></span>
    </summary>
    ${shown.length > 0 ? table : null}${hiddenLines > 0 ? html`<p class="empty">${hiddenLines} more lines are not shown.</p>` : null}
    ${file.lines.length === 0 ? html`<p class="empty">No text changes.</p>` : null}
  </details>`;
};

const renderFileCards = (files: readonly FileDiff[]): SafeHtml[] => {
  let remainingLines = MAX_DIFF_LINES;
  return files.map((file) => {
    const shown = file.lines.slice(0, remainingLines);
    remainingLines -= shown.length;
    return renderFileCard(file, shown);
  });
};

/** Renders a patch, file by file. */
export const renderPatch = ({ text, fullDiff }: DiffPatch): SafeHtml => {
  const files = readPatch(text);
  if (files.length === 0) return html`<p class="dim">No changes.</p>`;
  const shownFiles = files.slice(0, MAX_DIFF_FILES);
  const note =
    fullDiff &&
    html`<p class="dim">This change is too large to show completely. To see all of it, run <code>${fullDiff.command}</code></p>`;
  return html`<h2>${fullDiff?.size ?? (files.length === 1 ? "1 file changed" : `${files.length} files changed`)}</h2>
    ${note}${renderFileCards(shownFiles)}${files.length > shownFiles.length ? html`<p class="dim">… and ${files.length - shownFiles.length} more files.</p>` : null}`;
};
