import { findHidden, type Hidden } from "../markdown/hidden.ts";
import type { HtmlTag } from "../markdown/html.ts";
import { findMath } from "../markdown/math.ts";
import { isWithin, type MarkdownToken, type Range, readMarkdownEvents, withoutRanges } from "../markdown/read.ts";
import { tamePart } from "../markdown/tame.ts";
import { takeFirstChars, stripHiddenChars } from "../domain/visible-text.ts";

/**
 * A visible line of a paragraph. `own`: a person wrote it as prose and at the start of the line, so a command may start here.
 * `reordered`: GitHub shows its characters in another order, or not as they are.
 */
export type ProseLine = { readonly line: number; readonly text: string; readonly own: boolean; readonly reordered: boolean };
/** `unread`: the end of the text that Enki does not parse, because parsing would take too long. */
export type Prose = { readonly paragraphs: readonly (readonly ProseLine[])[]; readonly unread: string };

/** GitHub's limit for comments; the rest is ignored. */
const MAX_COMMENT_CHARS = 65_536;

/**
 * Elements whose content GitHub does not show as a person's prose. The list omits elements that GitHub shows as prose, drops or escapes.
 * Many of these have no end tag, so they would stay open until the end of the comment.
 */
const NON_PROSE_ELEMENTS =
  /^(?:bdo|blockquote|caption|cite|code|del|details|dfn|div|dl|figcaption|figure|h[1-8]|kbd|ol|pre|q|rp|rt|ruby|s|samp|small|strike|sub|summary|sup|table|template|tt|ul|var)$/;
const MAX_OPEN_ELEMENTS = 100;

/** A command may start inside these tokens only. */
const PROSE_TOKENS = /^(?:list(?:Ordered|Unordered)|content|paragraph|data|(?:emphasis|strong)(?:Text)?|link|label|labelText)$/;
/** Tokens before a line's text. */
const PREFIX_TOKENS = /^(?:linePrefix|whitespace|blockQuote(?:Marker|Prefix|PrefixWhitespace)|listItemIndent|gfmFootnoteDefinitionIndent)$/;

/**
 * Splits Markdown into paragraphs and their lines. A command may not start in code, in a quote with its lazy continuation, in a table, in a formula, in struck text,
 * in an HTML block or comment, in anything else that GitHub hides, or inside an HTML element such as `<details>`, however many
 * paragraphs it spans. Total: accepts any text.
 */
export const readProse = (markdown: string): Prose => {
  const all = takeFirstChars(markdown, MAX_COMMENT_CHARS);
  const text = tamePart(all);
  const events = readMarkdownEvents(text);
  const scan = createProseScan(text, findHidden(text, events), findMath(text, events));
  for (const [phase, token] of events) {
    if (phase === "enter") enterToken(scan, token);
    else exitToken(scan, token);
  }
  return { paragraphs: scan.paragraphs, unread: all.slice(text.length) };
};

/** `inside`: number of open tokens that admit no command. `line`: the start of the current line's text, once known. */
type Scan = {
  readonly text: string;
  readonly hidden: Hidden;
  readonly math: readonly Range[];
  readonly paragraphs: ProseLine[][];
  inside: number;
  lines: ProseLine[] | null;
  line: { readonly start: MarkdownToken["start"]; own: boolean } | null;
  readonly isOpenAt: (at: number) => boolean;
};

const createProseScan = (text: string, hidden: Hidden, math: readonly Range[]): Scan => {
  return { text, hidden, math, paragraphs: [], inside: 0, lines: null, line: null, isOpenAt: createElementTracker(hidden.tags) };
};

const enterToken = (scan: Scan, token: MarkdownToken): void => {
  if (!PROSE_TOKENS.test(token.type)) scan.inside += 1;
  if (token.type === "paragraph") scan.lines = [];
  else if (token.type === "lineEnding") endLine(scan, token.start.offset);
  else if (scan.lines && !PREFIX_TOKENS.test(token.type)) {
    scan.line ??= { start: token.start, own: false };
    if (token.type === "data" && scan.inside === 0 && token.start.offset === scan.line.start.offset) scan.line.own = isOwn(scan, token);
  }
};

const exitToken = (scan: Scan, token: MarkdownToken): void => {
  if (!PROSE_TOKENS.test(token.type)) scan.inside -= 1;
  if (token.type !== "paragraph" || !scan.lines) return;
  endLine(scan, token.end.offset);
  scan.paragraphs.push(scan.lines);
  scan.lines = null;
};

const endLine = (scan: Scan, to: number): void => {
  const { text, hidden, lines, line } = scan;
  if (lines && line) {
    const written = withoutRanges(text, hidden.ranges, { from: line.start.offset, to });
    lines.push({ line: line.start.line, text: stripHiddenChars(written), own: line.own, reordered: REORDERING.test(written) });
  }
  scan.line = null;
};

/** Direction overrides, embeddings and isolates, and control characters such as those of a terminal. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const REORDERING = /[\0-\u0008\u000b\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Whether the text is at the start of its line, visible, and outside of every element. */
const isOwn = ({ text, hidden, math, isOpenAt }: Scan, { start }: MarkdownToken): boolean =>
  /^ {0,3}$/.test(text.slice(start.offset - start.column + 1, start.offset)) &&
  !isWithin(hidden.ranges, start.offset) &&
  !isWithin(math, start.offset) &&
  !isOpenAt(start.offset);

/** Whether an element is open at an offset. Offsets must be ascending. */
const createElementTracker = (tags: readonly HtmlTag[]): ((at: number) => boolean) => {
  const open: string[] = [];
  let next = 0;
  return (at) => {
    for (let tag = tags[next]; tag && tag.at < at; tag = tags[next]) {
      applyTag(open, tag);
      next += 1;
    }
    return open.length > 0;
  };
};

/** Approximates a browser: an end tag also closes the elements left open inside. */
const applyTag = (open: string[], { name, closes }: HtmlTag): void => {
  if (!NON_PROSE_ELEMENTS.test(name)) return;
  if (!closes) {
    if (open.length < MAX_OPEN_ELEMENTS) open.push(name);
    return;
  }
  const at = open.lastIndexOf(name);
  if (at !== -1) open.length = at;
};
