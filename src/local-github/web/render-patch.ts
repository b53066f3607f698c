import type { DiffPatch } from "./commit-log.ts";
import { html, type SafeHtml } from "./safe-html.ts";

type DiffLine = {
  readonly kind: "add" | "del" | "same" | "hunk";
  readonly old: number | null;
  readonly new: number | null;
  readonly text: string;
};
export type FileDiff = { readonly path: string; readonly notes: readonly string[]; readonly lines: readonly DiffLine[] };

/** Lines of all files that are shown, and files that are named. */
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
  const named = (start: string): string | undefined => {
    const line = head.find((each) => each.startsWith(start));
    if (line === undefined || line.endsWith("/dev/null")) return undefined;
    const name = line.slice(start.length).replace(/\t$/, "");
    return start.endsWith(" to ") ? name : name.replace(/^("?)[ab]\//, "$1");
  };
  // Without lines there is only the first one, where both names are the same.
  const first = (head[0] ?? "").slice(FILE_DIFF_PREFIX.length);
  return named("+++ ") ?? named("--- ") ?? named("rename to ") ?? named("copy to ") ?? readUnchangedName(first);
};

/** `a/<name> b/<name>`, where the name may hold anything. */
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

/** git's patch as files. Total: what it does not know is kept as a note. */
export const readPatch = (text: string): FileDiff[] => {
  // Only `\n` ends a line of git's: what a file holds beside it may not pass for the beginning of another.
  const lines = text.split("\n");
  const starts = lines.flatMap((line, at) => (line.startsWith(FILE_DIFF_PREFIX) ? [at] : []));
  return starts.map((start, at) => readFileDiff(lines.slice(start, starts[at + 1])));
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
  const left = file.lines.length - shown.length;
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
    ${shown.length > 0 ? table : null}${left > 0 ? html`<p class="empty">${left} more lines are not shown here.</p>` : null}
    ${file.lines.length === 0 ? html`<p class="empty">No line of text differs.</p>` : null}
  </details>`;
};

const renderFileCards = (files: readonly FileDiff[]): SafeHtml[] => {
  let left = MAX_DIFF_LINES;
  return files.map((file) => {
    const shown = file.lines.slice(0, left);
    left -= shown.length;
    return renderFileCard(file, shown);
  });
};

/** A patch, file by file. */
export const renderPatch = ({ text, whole }: DiffPatch): SafeHtml => {
  const files = readPatch(text);
  if (files.length === 0) return html`<p class="dim">Nothing differs.</p>`;
  const named = files.slice(0, MAX_DIFF_FILES);
  const note =
    whole &&
    html`<p class="dim">This change is too large for a page: only its beginning is shown. All of it: <code>${whole.command}</code></p>`;
  return html`<h2>${whole?.size ?? (files.length === 1 ? "1 file changed" : `${files.length} files changed`)}</h2>
    ${note}${renderFileCards(named)}${files.length > named.length ? html`<p class="dim">… and ${files.length - named.length} more files.</p>` : null}`;
};
