import { type HtmlTag, type OpenHtml, readHtml } from "./html.ts";
import { isWithin, type MarkdownEvent, type MarkdownToken, mergeRanges, type Range, rangeOf } from "./read.ts";
import { findUnseen } from "./unseen.ts";

/** What GitHub does not show of a text, in order and apart; and its HTML tags, at their places. */
export type Hidden = { readonly ranges: readonly Range[]; readonly tags: readonly HtmlTag[] };

/** `from`: where what is open began. `pieces`: raw HTML that is not read yet. */
type Flow = { open: OpenHtml; from: number; pieces: MarkdownToken[] };
/** `isText`: within what only the parser reads as HTML. `outer`: the texts around a footnote. GitHub moves footnotes to the end, so that neither leaves anything open for the other. */
type Scan = {
  readonly text: string;
  isText: boolean;
  flow: Flow;
  readonly outer: Flow[];
  readonly ranges: Range[];
  readonly tags: HtmlTag[];
};

/** Markdown that GitHub writes as tags, which end a tag that raw HTML before it left unfinished. */
const WRITES_TAGS =
  /^(?:blockQuote|list(?:Ordered|Unordered|ItemPrefix)|paragraph|atxHeading|setextHeading|codeFenced|codeIndented|thematicBreak|table|htmlText)$/;

const newFlow = (): Flow => ({ open: "nothing", from: 0, pieces: [] });

/** Finds what GitHub does not show: HTML comments, however many blocks they span, and Markdown that readers do not see. */
export const findHidden = (text: string, events: readonly MarkdownEvent[]): Hidden => {
  const dropped = findDropped(events);
  const scan: Scan = { text, isText: false, flow: newFlow(), outer: [], ranges: [], tags: [] };
  for (const [phase, token] of events) {
    if (token.type === "gfmFootnoteDefinition") readFootnote(scan, phase, token);
    else if (WRITES_TAGS.test(token.type)) flush(scan);
    if (phase === "exit") continue;
    if (token.type === "htmlText") readInline(scan, token);
    const isRaw = token.type === "htmlFlowData" || (token.type === "htmlTextData" && !scan.isText);
    if (isRaw && !isWithin(dropped.markup, token.start.offset)) scan.flow.pieces.push(token);
  }
  flush(scan);
  end(scan, text.length);
  const ranges = mergeRanges([...scan.ranges, ...dropped.cells]);
  return { ranges: mergeRanges([...ranges, ...findUnseen(text, events, ranges)]), tags: scan.tags };
};

/** GitHub shows a declaration without a space: `Vec<!Send>`. */
const NO_DECLARATION = /^<![a-z]+(?![\sa-z])[^<]*$/i;

const readInline = (scan: Scan, token: MarkdownToken): void => {
  const html = scan.text.slice(token.start.offset, token.end.offset);
  scan.isText = NO_DECLARATION.test(html);
  if (/^<[!?]/.test(html) && !scan.isText) scan.ranges.push(rangeOf(token));
};

/** Cells beyond a table's columns, which GitHub drops, and image descriptions, of which it drops the markup. */
const findDropped = (events: readonly MarkdownEvent[]): { readonly cells: readonly Range[]; readonly markup: readonly Range[] } => {
  const cells: Range[] = [];
  const images: Range[] = [];
  let columns = 0;
  let cell = 0;
  for (const [phase, token] of events) {
    if (phase === "exit") continue;
    const type: string = token.type;
    if (type === "tableDelimiterRow") columns = 0;
    else if (type === "tableDelimiter") columns += 1;
    else if (type === "tableRow") cell = 0;
    else if (type === "image") images.push(rangeOf(token));
    else if (type === "tableData") {
      cell += 1;
      if (cell > columns) cells.push(rangeOf(token));
    }
  }
  return { cells, markup: mergeRanges([...cells, ...images]) };
};

const readFootnote = (scan: Scan, phase: "enter" | "exit", token: MarkdownToken): void => {
  if (phase === "enter") {
    scan.outer.push(scan.flow);
    scan.flow = newFlow();
    return;
  }
  flush(scan);
  end(scan, token.end.offset);
  scan.flow = scan.outer.pop() ?? newFlow();
};

const end = ({ flow, ranges }: Scan, to: number): void => {
  if (flow.open !== "nothing") ranges.push({ from: flow.from, to });
};

/** Reads the raw HTML that was collected. */
const flush = ({ text, flow, ranges, tags }: Scan): void => {
  if (flow.pieces.length === 0) return;
  const html = flow.pieces.map(({ start, end }) => text.slice(start.offset, end.offset)).join("\n");
  const { hidden, tags: found, open } = readHtml(html, flow.open, flow.pieces[0]?.type === "htmlTextData" ? "inline" : "block");
  const place = placer(flow.pieces);
  hidden.forEach(({ from, to }, index) => {
    const start = index === 0 && flow.open !== "nothing" ? flow.from : place(from);
    if (index === hidden.length - 1 && open !== "nothing") flow.from = start;
    else ranges.push({ from: start, to: place(to - 1) + 1 });
  });
  const placeTag = placer(flow.pieces);
  for (const tag of found) tags.push({ ...tag, at: placeTag(tag.at) });
  flow.open = open;
  flow.pieces = [];
};

/** Finds where a character of joined pieces is in the text. Only for ascending characters. */
const placer = (pieces: readonly MarkdownToken[]): ((at: number) => number) => {
  let index = 0;
  let before = 0;
  return (at) => {
    for (let piece = pieces[index]; piece; piece = pieces[index]) {
      const { from, to } = rangeOf(piece);
      if (at <= before + to - from || index === pieces.length - 1) return from + at - before;
      before += to - from + 1;
      index += 1;
    }
    return 0;
  };
};
