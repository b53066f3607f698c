import type { Patch } from "./history.ts";
import { html, type Html } from "./html.ts";

type Line = {
  readonly kind: "add" | "del" | "same" | "hunk";
  readonly old: number | null;
  readonly new: number | null;
  readonly text: string;
};
export type FileDiff = { readonly path: string; readonly notes: readonly string[]; readonly lines: readonly Line[] };

const MOST_LINES = 4_000;
const OPEN_LINES = 400;
const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

const readHunks = (lines: readonly string[]): Line[] => {
  let [before, after] = [0, 0];
  return lines.flatMap((line): Line[] => {
    const [, from, to] = HUNK.exec(line) ?? [];
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

const pathOf = (head: readonly string[]): string => {
  const named = (start: string): string | undefined => {
    const line = head.find((each) => each.startsWith(start));
    return line === undefined || line.endsWith("/dev/null")
      ? undefined
      : line
          .slice(start.length)
          .replace(/\t$/, "")
          .replace(/^("?)[ab]\//, "$1");
  };
  // Without lines there is only the first one, where both names are the same.
  return (
    named("+++ ") ?? named("--- ") ?? named("rename to ") ?? (head[0] ?? "").slice("diff --git ".length).replace(/^("?)a\/.* ("?)b\//, "$1")
  );
};

/** git's patch as files. Total: what it does not know is kept as a note. */
export const readPatch = (text: string): FileDiff[] =>
  text
    .split(/^(?=diff --git )/m)
    .filter((part) => part.startsWith("diff --git "))
    .map((part) => {
      const lines = part.split("\n");
      const start = lines.findIndex((line) => line.startsWith("@@ "));
      const head = start === -1 ? lines : lines.slice(0, start);
      const notes = head.slice(1).filter((line) => !/^(?:index |--- |\+\+\+ |$)/.test(line));
      return { path: pathOf(head), notes, lines: start === -1 ? [] : readHunks(lines.slice(start)) };
    });

const SIGN = { add: "+", del: "−", same: " ", hunk: "" } as const;

const row = ({ kind, old, new: now, text }: Line): Html =>
  kind === "hunk"
    ? html`<tr class="hunk">
        <td colspan="3">${text}</td>
      </tr>`
    : html`<tr class="${kind}">
        <td class="at">${old}</td>
        <td class="at">${now}</td>
        <td>${SIGN[kind]} ${text}</td>
      </tr>`;

const fileCard = (file: FileDiff, at: number): Html => {
  const count = (kind: Line["kind"]): number => file.lines.filter((line) => line.kind === kind).length;
  const long = file.lines.length > OPEN_LINES;
  const shown = file.lines.slice(0, MOST_LINES);
  const more = file.lines.length > shown.length ? html`<p class="empty">… ${file.lines.length - shown.length} more lines.</p>` : null;
  return html`<details class="card" id="file-${at}" ${long ? null : html` open`}>
    <summary>
      <span class="mono">${file.path}</span><span class="dim small">${file.notes.join(" · ")}</span
      ><span class="right mono"><span class="plus">+${count("add")}</span> <span class="minus">−${count("del")}</span></span>
    </summary>
    <div class="scroll">
      <table class="diff">
        <tbody>
          ${shown.map(row)}
        </tbody>
      </table>
    </div>
    ${more}
  </details>`;
};

/** A patch, file by file. */
export const showPatch = ({ text, cut }: Patch): Html => {
  const files = readPatch(text);
  if (files.length === 0) return html`<p class="dim">Nothing differs.</p>`;
  const note = cut ? html`<p class="dim">The patch is longer than what is shown here: read the rest with git.</p>` : null;
  return html`<h2>${files.length === 1 ? "1 file" : `${files.length} files`} changed</h2>
    ${files.map(fileCard)}${note}`;
};
