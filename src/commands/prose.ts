import { cut, visible } from "../model/visible.ts";
import { type Block, readBlocks } from "./blocks.ts";
import { readSpans, type Span } from "./inlines.ts";

/** A line of a paragraph as a reader sees it. `own`: a person wrote it here, in prose, at the line's start: a command may begin in it. */
export type ProseLine = { readonly line: number; readonly text: string; readonly own: boolean };

/** GitHub takes no longer comments; what is beyond is not read. */
const LIMIT = 65_536;

/** Elements of which GitHub shows the content as something else than a person's prose; it drops or escapes the others, and many have no end. */
const HOLDING = /^(?:blockquote|code|del|details|div|dl|figure|h[1-6]|kbd|ol|pre|q|s|samp|strike|sub|summary|sup|table|tt|ul)$/;
const MAX_OPEN = 100;

/**
 * The paragraphs of a Markdown text, each as its lines. A command may not begin in code, in a quote with its lazy continuation, in a table,
 * in an HTML block or comment, or inside an HTML element such as `<details>`, however many paragraphs it spans. Total: any text gives an answer.
 */
export const proseParagraphs = (markdown: string): ProseLine[][] => {
  const open: string[] = [];
  return readBlocks(cut(markdown, LIMIT)).flatMap((block) => {
    const text = block.lines.map((each) => each.text).join("\n");
    const spans = readSpans(text);
    if (block.kind === "paragraph") return [proseLines(block, { text, spans, open })];
    for (const span of spans) follow(open, span);
    return [];
  });
};

/** Opens and closes elements as a browser would, roughly: an end tag also ends what was left open inside. */
const follow = (open: string[], span: Span): void => {
  if (span.kind !== "tag" || !HOLDING.test(span.name)) return;
  if (!span.closes) {
    if (open.length < MAX_OPEN) open.push(span.name);
    return;
  }
  const at = open.lastIndexOf(span.name);
  if (at !== -1) open.length = at;
};

type Inside = { readonly text: string; readonly spans: readonly Span[]; readonly open: string[] };

const proseLines = (block: Block, { text, spans, open }: Inside): ProseLine[] => {
  const lines: ProseLine[] = [];
  let start = 0;
  let next = 0;
  for (const { line, text: own, own: mine } of block.lines) {
    for (let span = spans[next]; span && span.to <= start; span = spans[next]) {
      follow(open, span);
      next += 1;
    }
    const span = spans[next];
    const inside = span !== undefined && span.from < start;
    const end = start + own.length;
    lines.push({ line, text: seen(text, { start, end, spans, next }), own: mine && !inside && open.length === 0 });
    start = end + 1;
  }
  for (const span of spans.slice(next)) follow(open, span);
  return lines;
};

type Stretch = { readonly start: number; readonly end: number; readonly spans: readonly Span[]; readonly next: number };

/** A line without its HTML comments and invisible characters: nothing that the reader of the comment cannot see becomes part of a request. */
const seen = (text: string, { start, end, spans, next }: Stretch): string => {
  let out = "";
  let at = start;
  for (let index = next; ; index += 1) {
    const span = spans[index];
    if (!span || span.from >= end) break;
    if (span.kind !== "hidden") continue;
    out += text.slice(at, Math.max(at, span.from));
    at = Math.min(end, Math.max(at, span.to));
  }
  return visible(out + text.slice(at, end));
};
