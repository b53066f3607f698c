import {
  fenceAt,
  htmlEndAt,
  indentOf,
  isBlank,
  isHeading,
  isRule,
  isTableRule,
  isUnderline,
  listMarkerAt,
  quoteAt,
} from "./block-starts.ts";

/** `own`: where a command may begin; false for a line of a quote, and for one that begins with a marker. */
type BlockLine = { readonly line: number; readonly text: string; readonly own: boolean };
/** What a Markdown text is made of, as far as commands need to know: paragraphs, and HTML whose tags go on. */
export type Block = { readonly kind: "paragraph" | "html"; readonly lines: readonly BlockLine[] };

/** `blank`: a list item that has nothing in it yet; a blank line ends it. */
type Container = { readonly kind: "quote" } | { readonly kind: "item"; readonly width: number; blank: boolean };
type Leaf =
  | { readonly kind: "none" }
  | { readonly kind: "fence"; readonly mark: string; readonly length: number }
  | { readonly kind: "html"; readonly end: RegExp | "blank"; readonly lines: BlockLine[] }
  | { readonly kind: "paragraph"; readonly lines: BlockLine[]; last: string }
  | { readonly kind: "table" };

type Scan = { stack: Container[]; leaf: Leaf; readonly blocks: Block[]; readonly code: Set<number> };

const NONE: Leaf = { kind: "none" };

/**
 * The paragraphs and HTML blocks of a Markdown text, in order: block structure as CommonMark and GFM have it, containers included.
 * Code, headings and thematic breaks are left out. Total: any text gives an answer, in linear time for a bounded nesting.
 */
export const readBlocks = (markdown: string): Block[] => scanLines(markdown).blocks;

/** Numbers of the lines within fenced code, the closing fence among them, as {@link readBlocks} counts. */
export const codeLines = (markdown: string): ReadonlySet<number> => scanLines(markdown).code;

const scanLines = (markdown: string): Scan => {
  const scan: Scan = { stack: [], leaf: NONE, blocks: [], code: new Set() };
  markdown.split(/\r\n|\n|\r/).forEach((text, index) => readLine(scan, index + 1, expandTabs(text)));
  close(scan);
  return scan;
};

const expandTabs = (text: string): string => {
  if (!text.includes("\t")) return text;
  let out = "";
  for (const each of text) out += each === "\t" ? " ".repeat(4 - (out.length % 4)) : each;
  return out;
};

const close = (scan: Scan): void => {
  const { leaf } = scan;
  if (leaf.kind === "paragraph" || leaf.kind === "html") scan.blocks.push({ kind: leaf.kind, lines: leaf.lines });
  scan.leaf = NONE;
};

/** How many of the open containers go on in this line, and what is left of it. */
const matchContainers = (stack: readonly Container[], text: string): { matched: number; rest: string } => {
  let rest = text;
  for (const [at, container] of stack.entries()) {
    if (container.kind === "quote") {
      const inner = quoteAt(rest);
      if (inner === null) return { matched: at, rest };
      rest = inner;
      continue;
    }
    const empty = isBlank(rest);
    if (empty ? container.blank : indentOf(rest) < container.width) return { matched: at, rest };
    if (!empty) container.blank = false;
    rest = empty ? "" : rest.slice(container.width);
  }
  return { matched: stack.length, rest };
};

const readLine = (scan: Scan, line: number, text: string): void => {
  const { matched, rest } = matchContainers(scan.stack, text);
  const whole = matched === scan.stack.length;
  if (whole && continueLeaf(scan, line, rest)) return;
  if (!whole && scan.leaf.kind !== "paragraph") shut(scan, matched);
  openBlocks(scan, { line, text, rest, matched });
};

/** Closes what is open beyond these containers. */
const shut = (scan: Scan, matched: number): void => {
  close(scan);
  scan.stack = scan.stack.slice(0, matched);
};

/** Takes the line into an open fence or HTML block; false where there is none. */
const continueLeaf = (scan: Scan, line: number, rest: string): boolean => {
  const { leaf } = scan;
  if (leaf.kind === "fence") {
    const run = /^ {0,3}(`+|~+) *$/.exec(rest)?.[1];
    if (run !== undefined && run.startsWith(leaf.mark) && run.length >= leaf.length) scan.leaf = NONE;
    scan.code.add(line);
    return true;
  }
  if (leaf.kind !== "html") return false;
  if (leaf.end === "blank" && isBlank(rest)) return false;
  leaf.lines.push({ line, text: rest, own: false });
  if (leaf.end !== "blank" && leaf.end.test(rest)) close(scan);
  return true;
};

type Line = { readonly line: number; readonly text: string; readonly rest: string; readonly matched: number };

/** A hostile text cannot make the stack, and with it every line, cost more than this. */
const MAX_DEPTH = 60;

const openBlocks = (scan: Scan, { line, text, rest: start, matched }: Line): void => {
  const within = scan.leaf.kind === "paragraph";
  const { entered, rest } = enterContainers(start, matched, within && matched === scan.stack.length);
  if (entered.length === 0) {
    const lazy = matched < scan.stack.length;
    openLeaf(scan, { line, text, rest, matched, lazy, within });
    return;
  }
  shut(scan, matched);
  scan.stack.push(...entered);
  openLeaf(scan, { line, text, rest, matched: scan.stack.length, lazy: false, within: false });
};

const enterContainers = (text: string, depth: number, interrupts: boolean): { entered: Container[]; rest: string } => {
  const entered: Container[] = [];
  let rest = text;
  // Behind a marker that interrupts a paragraph, parsers differ in which list markers count: like the strictest, so that fewer commands do.
  for (let next = containerAt(rest, interrupts); next && depth + entered.length < MAX_DEPTH; next = containerAt(rest, interrupts)) {
    entered.push(next.container);
    rest = next.rest;
  }
  return { entered, rest };
};

const containerAt = (text: string, interrupts: boolean): { container: Container; rest: string } | null => {
  if (indentOf(text) >= 4) return null;
  const quote = quoteAt(text);
  if (quote !== null) return { container: { kind: "quote" }, rest: quote };
  const item = isRule(text) ? null : listMarkerAt(text, interrupts);
  return item && { container: { kind: "item", width: item.width, blank: isBlank(item.rest) }, rest: item.rest };
};

/** `within`: a paragraph is open; `lazy`: it is in a container that this line does not go on with. */
type Rest = Line & { readonly lazy: boolean; readonly within: boolean };

const openLeaf = (scan: Scan, at: Rest): void => {
  const { rest, matched, within } = at;
  if (isBlank(rest)) return shut(scan, matched);
  if (indentOf(rest) >= 4) return within ? addText(scan, at) : shut(scan, matched);
  if (endsHeading(scan, at)) {
    scan.leaf = NONE;
    return;
  }
  const leaf = leafAt(at);
  if (leaf === null) return addText(scan, at);
  shut(scan, matched);
  scan.leaf = leaf;
  if (leaf.kind === "html" && leaf.end !== "blank" && leaf.end.test(rest)) close(scan);
};

/** True for the underline that makes a heading of the paragraph above. */
const endsHeading = ({ leaf }: Scan, { rest, lazy }: Rest): boolean => leaf.kind === "paragraph" && !lazy && isUnderline(rest);

/** What begins in this line and is no paragraph; null for text. */
const leafAt = ({ line, rest, within }: Rest): Leaf | null => {
  const fence = fenceAt(rest);
  if (fence) return { kind: "fence", ...fence };
  const end = htmlEndAt(rest, within);
  if (end !== null) return { kind: "html", end, lines: [{ line, text: rest, own: false }] };
  return isHeading(rest) || isRule(rest) ? NONE : null;
};

const addText = (scan: Scan, { line, text, rest, matched, lazy, within }: Rest): void => {
  if (scan.leaf.kind === "table") return;
  if (!within) {
    shut(scan, matched);
    scan.leaf = { kind: "paragraph", lines: [], last: "" };
  }
  const { leaf } = scan;
  if (leaf.kind !== "paragraph") return;
  if (!lazy && leaf.lines.length > 0 && isTableRule(rest, leaf.last)) {
    leaf.lines.pop();
    close(scan);
    scan.leaf = { kind: "table" };
    return;
  }
  leaf.last = rest;
  const quoted = scan.stack.some(({ kind }) => kind === "quote");
  leaf.lines.push({ line, text: rest.trim(), own: !quoted && indentOf(text) < 4 && text.trim() === rest.trim() });
};
