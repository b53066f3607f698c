import { type HtmlTag, type OpenHtml, readHtml } from "./html.ts";
import { isWithin, type MarkdownEvent, type MarkdownToken, mergeRanges, type Range, rangeOf } from "./read.ts";
import { findUnseen } from "./unseen.ts";

/** Hidden ranges, in order and disjoint, and HTML tags with their offsets. */
export type Hidden = { readonly ranges: readonly Range[]; readonly tags: readonly HtmlTag[] };

/** `from`: start of the open construct. `pieces`: raw HTML not yet read. */
type Flow = { open: OpenHtml; from: number; pieces: MarkdownToken[] };
/** `isText`: inside HTML that only the parser recognizes. `outer`: flows around a footnote. GitHub moves footnotes to the end, so a footnote and its surroundings leave nothing open for each other. */
type Scan = {
  readonly text: string;
  isText: boolean;
  flow: Flow;
  readonly outer: Flow[];
  readonly ranges: Range[];
  readonly tags: HtmlTag[];
};

/** Markdown that GitHub renders as tags; a rendered tag ends an unfinished raw tag before it. */
const TAG_TOKENS =
  /^(?:blockQuote|list(?:Ordered|Unordered|ItemPrefix)|paragraph|atxHeading|setextHeading|codeFenced|codeIndented|thematicBreak|table|htmlText)$/;

const createFlow = (): Flow => ({ open: "nothing", from: 0, pieces: [] });

/** Finds everything GitHub hides: HTML comments across any number of blocks, and invisible Markdown. */
export const findHidden = (text: string, events: readonly MarkdownEvent[]): Hidden => {
  const dropped = findDropped(events);
  const scan: Scan = { text, isText: false, flow: createFlow(), outer: [], ranges: [], tags: [] };
  for (const [phase, token] of events) {
    if (token.type === "gfmFootnoteDefinition") readFootnote(scan, phase, token);
    else if (TAG_TOKENS.test(token.type)) flushPieces(scan);
    if (phase === "exit") continue;
    if (token.type === "htmlText") readInline(scan, token);
    const isRaw = token.type === "htmlFlowData" || (token.type === "htmlTextData" && !scan.isText);
    if (isRaw && !isWithin(dropped.markup, token.start.offset)) scan.flow.pieces.push(token);
  }
  flushPieces(scan);
  closeFlow(scan, text.length);
  const ranges = mergeRanges([...scan.ranges, ...dropped.cells]);
  return { ranges: mergeRanges([...ranges, ...findUnseen(text, events, ranges)]), tags: scan.tags };
};

/** GitHub shows a declaration without a space: `Vec<!Send>`. */
const VISIBLE_DECLARATION = /^<![a-z]+(?![\sa-z])[^<]*$/i;

const readInline = (scan: Scan, token: MarkdownToken): void => {
  const html = scan.text.slice(token.start.offset, token.end.offset);
  scan.isText = VISIBLE_DECLARATION.test(html);
  if (/^<[!?]/.test(html) && !scan.isText) scan.ranges.push(rangeOf(token));
};

/** GitHub drops cells beyond a table's columns, and the markup of image descriptions. */
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
    scan.flow = createFlow();
    return;
  }
  flushPieces(scan);
  closeFlow(scan, token.end.offset);
  scan.flow = scan.outer.pop() ?? createFlow();
};

const closeFlow = ({ flow, ranges }: Scan, to: number): void => {
  if (flow.open !== "nothing") ranges.push({ from: flow.from, to });
};

/** Reads the collected raw HTML. */
const flushPieces = ({ text, flow, ranges, tags }: Scan): void => {
  if (flow.pieces.length === 0) return;
  const html = flow.pieces.map(({ start, end }) => text.slice(start.offset, end.offset)).join("\n");
  const { hidden, tags: found, open } = readHtml(html, flow.open, flow.pieces[0]?.type === "htmlTextData" ? "inline" : "block");
  const mapOffset = createOffsetMapper(flow.pieces);
  hidden.forEach(({ from, to }, index) => {
    const start = index === 0 && flow.open !== "nothing" ? flow.from : mapOffset(from);
    if (index === hidden.length - 1 && open !== "nothing") flow.from = start;
    else ranges.push({ from: start, to: mapOffset(to - 1) + 1 });
  });
  const mapTagOffset = createOffsetMapper(flow.pieces);
  for (const tag of found) tags.push({ ...tag, at: mapTagOffset(tag.at) });
  flow.open = open;
  flow.pieces = [];
};

/** Maps an offset in the joined pieces to an offset in the text. Offsets must be ascending. */
const createOffsetMapper = (pieces: readonly MarkdownToken[]): ((at: number) => number) => {
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
