/** Spaces before the text; all of a blank line. Only spaces count: to Markdown, a no-break space is text. */
export const indentOf = (text: string): number => text.search(/[^ ]|$/);
export const isBlank = (text: string): boolean => indentOf(text) === text.length;

/** What is left after a block quote's marker; null where the line has none. */
export const quoteAt = (text: string): string | null => {
  const marker = /^ {0,3}> ?/.exec(text)?.[0];
  return marker === undefined ? null : text.slice(marker.length);
};

/** A list item's marker: how far its content is indented, and what is left. Within a paragraph only some markers begin a list. */
export const listMarkerAt = (text: string, interrupts: boolean): { width: number; rest: string } | null => {
  const found = /^ {0,3}(?:[-+*]|(\d{1,9})[.)])(?= |$)/.exec(text);
  if (!found) return null;
  const marker = found[0].length;
  const content = text.slice(marker);
  const empty = isBlank(content);
  if (interrupts && (empty || (found[1] !== undefined && Number(found[1]) !== 1))) return null;
  const spaces = indentOf(content);
  const padding = empty || spaces > 4 ? 1 : spaces;
  return { width: marker + padding, rest: content.slice(padding) };
};

/** The run that opens a code fence; null where the line opens none. */
export const fenceAt = (text: string): { mark: string; length: number } | null => {
  const run = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/.exec(text)?.[1];
  return run === undefined ? null : { mark: run.charAt(0), length: run.length };
};

export const isHeading = (text: string): boolean => /^ {0,3}#{1,6}(?: |$)/.test(text);
export const isRule = (text: string): boolean => /^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$/.test(text);
/** A line under a paragraph that makes a heading of it. */
export const isUnderline = (text: string): boolean => /^ {0,3}(?:=+|-+) *$/.test(text);
const cellsIn = (row: string): number => {
  const cells = row.replace(/^ +| +$/g, "").replace(/\\[\\|]/g, "x");
  return cells === "|" ? 0 : cells.replace(/^\||\|$/g, "").split("|").length;
};

/** True for the line under a table's head, when it has as many cells as the head. */
export const isTableRule = (text: string, head: string): boolean =>
  indentOf(head) < 4 &&
  indentOf(text) < 4 &&
  /[|:]/.test(text) &&
  /^ *\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *$/.test(text) &&
  cellsIn(text) === cellsIn(head);

const BLOCK_TAGS =
  "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul";
/** A tag's attributes; a value's length is bounded so that text which opens many and closes none stays cheap. */
const ATTRIBUTES = "(?:[ \\n]+[a-z_:][\\w.:-]*(?:[ \\n]*=[ \\n]*(?:[^\\s\"'=<>`]+|'[^']{0,2000}'|\"[^\"]{0,2000}\"))?)*";
/** CommonMark's open and closing tags, as the source of a regular expression: groups are the slash and the name. */
export const TAG = `<(?:(?<open>[a-z][a-z0-9-]*)${ATTRIBUTES}[ \\n]*/?|/(?<close>[a-z][a-z0-9-]*)[ \\n]*)>`;

/** CommonMark's seven kinds of HTML block: how each begins, how it ends, and whether it may do so within a paragraph. */
const HTML: readonly { readonly start: RegExp; readonly end: RegExp | "blank"; readonly interrupts: boolean }[] = [
  { start: /^ {0,3}<(?:script|pre|style|textarea)(?:[ >]|$)/i, end: /<\/(?:script|pre|style|textarea)>/i, interrupts: true },
  { start: /^ {0,3}<!--/, end: /-->/, interrupts: true },
  { start: /^ {0,3}<\?/, end: /\?>/, interrupts: true },
  { start: /^ {0,3}<![a-z]/i, end: />/, interrupts: true },
  { start: /^ {0,3}<!\[CDATA\[/, end: /\]\]>/, interrupts: true },
  { start: new RegExp(`^ {0,3}</?(?:${BLOCK_TAGS})(?:[ >]|/>|$)`, "i"), end: "blank", interrupts: true },
  { start: new RegExp(`^ {0,3}${TAG} *$`, "i"), end: "blank", interrupts: false },
];

/** How the HTML block that begins in this line ends; null where none begins. */
export const htmlEndAt = (text: string, withinParagraph: boolean): RegExp | "blank" | null =>
  HTML.find(({ start, interrupts }) => (interrupts || !withinParagraph) && start.test(text))?.end ?? null;
