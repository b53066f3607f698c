/** GitHub's limit for comments. */
const MAX_COMMENT_CHARS = 65_536;
/** The parser's time is quadratic in openers within one paragraph, containers of one line, containers of all lines, and lines outside of code. */
const MAX_OPENERS = 1_000;
const MAX_CONTAINERS_OF_LINE = 100;
const MAX_CONTAINERS = 1_000;
const MAX_LINES = 5_000;

const OPENER = /[*_~[]/g;
const CLOSER = /\]/g;
const LABEL = /\[/g;
/** The parser searches for the end of each up to the end of the paragraph. */
const INSTRUCTION = /<[!?]/g;
/** From each mark in an address the parser looks for the end of the marks: quadratic in their number. */
const ADDRESS = /(?:www\.|https?:\/\/)[^\s<]*/gi;
const ADDRESS_MARKS = /(?:[!"'),.:;?*_~\]]|&[a-z]+)+/gi;
/** In characters: 200 marks in a row count as much as the most openers. */
const MARKS_PER_OPENER = 40;
const FENCE = /^(`{3,}(?=[^`]*$)|~{3,})/;
const BLANK = /^[ \t]*$/;
/** HTML that an empty line ends; a fence in HTML is text. */
const HTML = /^[ \t]*</;
/** HTML and fences whose end is unclear: an empty line does not end them, but the end of a list or a quote does. */
const UNCLEAR = /^[ \t>*+\d.)-]*<(?:[!?]|(?:pre|script|style|textarea)\b)|^[ \t>*+\d.)-]+(?:```|~~~)/i;
const CONTAINERS = /^(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)]))*/;
const MARK = />|[-+*]|\d+[.)]/g;
const ROW = /^\s*\|/;

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** HTML in which the next line may be; `unclear` counts for the rest of the text. */
type OpenHtml = "none" | "block" | "comment" | "comment in a block" | "unclear";
type Within = {
  readonly fence: string | null;
  readonly html: OpenHtml;
  readonly openers: number;
  /** The squares of the openers of each paragraph before. */
  readonly pairs: number;
  readonly containers: number;
  readonly lines: number;
};

const countAddressMarks = (line: string): number =>
  (line.match(ADDRESS) ?? []).reduce(
    (sum, address) => (address.match(ADDRESS_MARKS) ?? []).reduce((all, marks) => all + marks.length ** 2 / MARKS_PER_OPENER, sum),
    0,
  );

const countOpeners = (line: string): number => {
  const all = count(line, OPENER) + 4 * count(line, INSTRUCTION) + Math.max(0, count(line, CLOSER) - count(line, LABEL));
  // Each table cell is parsed separately, but not every line that looks like a row is one.
  return (ROW.test(line) ? all / 4 : all) + countAddressMarks(line);
};

const closesFence = (line: string, fence: string): boolean => {
  const marks = line.replace(/^ {0,3}/, "").replace(/[ \t]{1,1000}$/, "");
  return marks.length >= fence.length && marks === (fence[0] ?? "").repeat(marks.length);
};

const findHtml = (html: OpenHtml, line: string): OpenHtml => {
  const isEnd = line.includes("-->");
  switch (html) {
    case "unclear":
      return "unclear";
    case "comment":
      return isEnd ? "none" : html;
    case "comment in a block":
      return isEnd ? "block" : html;
    case "block":
    case "none":
      if (line.startsWith("<!--")) return isEnd ? html : html === "block" ? "comment in a block" : "comment";
      if (UNCLEAR.test(line)) return "unclear";
      return HTML.test(line) ? "block" : html;
  }
};

const countPairs = ({ openers, pairs }: Within): number => pairs + openers ** 2;

const isBusy = (within: Within): boolean =>
  countPairs(within) > MAX_OPENERS ** 2 || within.containers > MAX_CONTAINERS || within.lines > MAX_LINES;

const addLine = (within: Within, line: string, containers: number): Within => {
  if (within.fence !== null) return closesFence(line, within.fence) ? { ...within, fence: null } : within;
  const ended = { ...within, openers: 0, pairs: countPairs(within) };
  if (BLANK.test(line)) return { ...ended, html: within.html === "block" ? "none" : within.html };
  const html = findHtml(within.html, line);
  const [, fence] = FENCE.exec(line) ?? [];
  if (fence !== undefined && within.html === "none" && html === "none") return { ...ended, fence };
  return {
    ...within,
    html,
    openers: within.openers + countOpeners(line),
    containers: within.containers + containers,
    lines: within.lines + 1,
  };
};

/** The start of a Markdown text, up to an empty line, that parses quickly. Complete for ordinary texts; cut for input crafted to be quadratic. */
export const tamePart = (text: string): string => {
  let within: Within = { fence: null, html: "none", openers: 0, pairs: 0, containers: 0, lines: 0 };
  let start = 0;
  let end = 0;
  for (const [whole, line = ""] of text.matchAll(/([^\r\n]*)(?:\r\n?|\n|$)/g)) {
    if (start >= text.length) break;
    if (BLANK.test(line)) end = start;
    const containers = count(CONTAINERS.exec(line)?.[0] ?? "", MARK);
    within = addLine(within, line, containers);
    start += whole.length;
    if (containers > MAX_CONTAINERS_OF_LINE || isBusy(within) || start > MAX_COMMENT_CHARS) return text.slice(0, end);
  }
  return text;
};

/** Whether the whole text parses quickly. */
export const isTame = (text: string): boolean => tamePart(text) === text;
