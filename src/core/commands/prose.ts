import { findHidden, type Hidden } from "../markdown/hidden.ts";
import type { HtmlTag } from "../markdown/html.ts";
import { isWithin, type MarkdownToken, readMarkdownEvents, withoutRanges } from "../markdown/read.ts";
import { tamePart } from "../markdown/tame.ts";
import { takeFirstChars, stripHiddenChars } from "../domain/visible-text.ts";

/** A line of a paragraph as a reader sees it. `own`: a person wrote it here, in prose, at the line's start: a command may begin in it. */
export type ProseLine = { readonly line: number; readonly text: string; readonly own: boolean };
/** `unread`: the rest of a text that would take long to read. */
export type Prose = { readonly paragraphs: readonly (readonly ProseLine[])[]; readonly unread: string };

/** GitHub takes no longer comments; what is beyond is not read. */
const LIMIT = 65_536;

/** Elements of which GitHub shows the content as something else than a person's prose; it drops or escapes the others, and many have no end. */
const HOLDING = /^(?:blockquote|code|del|details|div|dl|figure|h[1-6]|kbd|ol|pre|q|s|samp|strike|sub|summary|sup|table|template|tt|ul)$/;
const MAX_OPEN = 100;

/** A command may begin inside these only. */
const PROSE = /^(?:list(?:Ordered|Unordered)|content|paragraph|data|(?:emphasis|strong|strikethrough)(?:Text)?|link|label|labelText)$/;
/** What stands before a line's text, with what is in it. */
const PREFIX = /^(?:linePrefix|whitespace|blockQuote(?:Marker|Prefix|PrefixWhitespace)|listItemIndent|gfmFootnoteDefinitionIndent)$/;

/**
 * The paragraphs of a Markdown text, each as its lines. A command may not begin in code, in a quote with its lazy continuation, in a table,
 * in an HTML block or comment, in anything else that GitHub does not show, or inside an HTML element such as `<details>`, however many
 * paragraphs it spans. Total: any text gives an answer.
 */
export const readProse = (markdown: string): Prose => {
  const all = takeFirstChars(markdown, LIMIT);
  const text = tamePart(all);
  const events = readMarkdownEvents(text);
  const scan = newScan(text, findHidden(text, events));
  for (const [phase, token] of events) {
    if (phase === "enter") enter(scan, token);
    else exit(scan, token);
  }
  return { paragraphs: scan.paragraphs, unread: all.slice(text.length) };
};

/** `inside`: open tokens in which no command may begin. `line`: where the text of a paragraph's line begins, once known. */
type Scan = {
  readonly text: string;
  readonly hidden: Hidden;
  readonly paragraphs: ProseLine[][];
  inside: number;
  lines: ProseLine[] | null;
  line: { readonly start: MarkdownToken["start"]; own: boolean } | null;
  readonly isOpenAt: (at: number) => boolean;
};

const newScan = (text: string, hidden: Hidden): Scan => {
  return { text, hidden, paragraphs: [], inside: 0, lines: null, line: null, isOpenAt: elements(hidden.tags) };
};

const enter = (scan: Scan, token: MarkdownToken): void => {
  if (!PROSE.test(token.type)) scan.inside += 1;
  if (token.type === "paragraph") scan.lines = [];
  else if (token.type === "lineEnding") endLine(scan, token.start.offset);
  else if (scan.lines && !PREFIX.test(token.type)) {
    scan.line ??= { start: token.start, own: false };
    if (token.type === "data" && scan.inside === 0 && token.start.offset === scan.line.start.offset) scan.line.own = isOwn(scan, token);
  }
};

const exit = (scan: Scan, token: MarkdownToken): void => {
  if (!PROSE.test(token.type)) scan.inside -= 1;
  if (token.type !== "paragraph" || !scan.lines) return;
  endLine(scan, token.end.offset);
  scan.paragraphs.push(scan.lines);
  scan.lines = null;
};

const endLine = (scan: Scan, to: number): void => {
  const { text, hidden, lines, line } = scan;
  if (lines && line) {
    const shown = stripHiddenChars(withoutRanges(text, hidden.ranges, { from: line.start.offset, to }));
    lines.push({ line: line.start.line, text: shown, own: line.own });
  }
  scan.line = null;
};

/** Whether text that begins here stands at its line's start, is shown, and is in no element. */
const isOwn = ({ text, hidden, isOpenAt }: Scan, { start }: MarkdownToken): boolean =>
  /^ {0,3}$/.test(text.slice(start.offset - start.column + 1, start.offset)) &&
  !isWithin(hidden.ranges, start.offset) &&
  !isOpenAt(start.offset);

/** Whether an element is open at a place. Only for ascending places. */
const elements = (tags: readonly HtmlTag[]): ((at: number) => boolean) => {
  const open: string[] = [];
  let next = 0;
  return (at) => {
    for (let tag = tags[next]; tag && tag.at < at; tag = tags[next]) {
      follow(open, tag);
      next += 1;
    }
    return open.length > 0;
  };
};

/** Opens and closes elements as a browser would, roughly: an end tag also ends what was left open inside. */
const follow = (open: string[], { name, closes }: HtmlTag): void => {
  if (!HOLDING.test(name)) return;
  if (!closes) {
    if (open.length < MAX_OPEN) open.push(name);
    return;
  }
  const at = open.lastIndexOf(name);
  if (at !== -1) open.length = at;
};
