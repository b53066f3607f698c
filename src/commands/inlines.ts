import { TAG } from "./block-starts.ts";

/** A stretch of a paragraph that is not plain text: `from` to before `to`. Nobody sees what is `hidden`; a tag also says what it opens or closes. */
export type Span =
  | { readonly kind: "code" | "hidden"; readonly from: number; readonly to: number }
  | { readonly kind: "tag"; readonly from: number; readonly to: number; readonly name: string; readonly closes: boolean };

/** `missing`: what is opened and, as we know, never closed; so that nothing is looked for twice. */
type Scan = { readonly text: string; readonly spans: Span[]; readonly missing: Set<string>; readonly tag: RegExp };

/** Code spans and HTML of a paragraph, in order. What is begun and not ended is plain text. */
export const readSpans = (text: string): Span[] => {
  const scan: Scan = { text, spans: [], missing: new Set(), tag: new RegExp(TAG, "iy") };
  let at = 0;
  while (at < text.length) {
    const each = text[at];
    if (each === "\\") at += 2;
    else if (each === "`") at = readCode(scan, at);
    else if (each === "<") at = readHtml(scan, at);
    else at += 1;
  }
  return scan.spans;
};

/** Where the span that begins here ends; the end of what opens it, where it is plain text. */
const readCode = ({ text, spans, missing }: Scan, from: number): number => {
  let start = from;
  while (text[start] === "`") start += 1;
  const run = text.slice(from, start);
  const end = missing.has(run) ? -1 : closingRun(text, start, run.length);
  if (end === -1) {
    missing.add(run);
    return start;
  }
  spans.push({ kind: "code", from, to: end });
  return end;
};

const closingRun = (text: string, start: number, length: number): number => {
  for (let at = text.indexOf("`", start); at !== -1; at = text.indexOf("`", at)) {
    const from = at;
    while (text[at] === "`") at += 1;
    if (at - from === length) return at;
  }
  return -1;
};

/** How HTML that shows nothing begins and ends; `<!-->` too is a comment. */
const HIDDEN: readonly { readonly open: RegExp; readonly close: string; readonly skip: number }[] = [
  { open: /<!--/y, close: "-->", skip: 2 },
  { open: /<\?/y, close: "?>", skip: 2 },
  { open: /<!\[CDATA\[/y, close: "]]>", skip: 9 },
  { open: /<![a-z]/iy, close: ">", skip: 2 },
];

const readHtml = ({ text, spans, missing, tag }: Scan, from: number): number => {
  tag.lastIndex = from;
  const { 0: whole = "", groups } = tag.exec(text) ?? {};
  if (groups) {
    const name = groups["open"] ?? groups["close"] ?? "";
    spans.push({ kind: "tag", from, to: from + whole.length, name: name.toLowerCase(), closes: groups["close"] !== undefined });
    return from + whole.length;
  }
  const hidden = HIDDEN.find(({ open }) => {
    open.lastIndex = from;
    return open.test(text);
  });
  if (!hidden || missing.has(hidden.close)) return from + 1;
  const end = text.indexOf(hidden.close, from + hidden.skip);
  if (end === -1) {
    missing.add(hidden.close);
    return from + 1;
  }
  spans.push({ kind: "hidden", from, to: end + hidden.close.length });
  return end + hidden.close.length;
};
