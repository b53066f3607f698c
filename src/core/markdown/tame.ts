/** GitHub's limit for comments. */
const MAX_COMMENT_CHARS = 65_536;
/** The parser's time is quadratic in openers within one paragraph, containers of one line, list items, and lines outside of code. */
const MAX_OPENERS = 1_000;
const MAX_CONTAINERS = 100;
const MAX_ITEMS = 2_000;
const MAX_LINES = 5_000;

const OPENER = /[*_~[]/g;
const CLOSER = /\]/g;
const LABEL = /\[/g;
/** The parser searches for the end of each up to the end of the paragraph. */
const INSTRUCTION = /<[!?]/g;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const CONTAINERS = /^(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)]))*/;
const MARK = />|[-+*]|\d+[.)]/g;
const ROW = /^\s*\|/;

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

type Within = { readonly fence: string | null; readonly openers: number; readonly items: number; readonly lines: number };

const countOpeners = (line: string): number => {
  const all = count(line, OPENER) + 4 * count(line, INSTRUCTION) + Math.max(0, count(line, CLOSER) - count(line, LABEL));
  // Each table cell is parsed separately, but not every line that looks like a row is one.
  return ROW.test(line) ? all / 4 : all;
};

const addLine = (within: Within, line: string, containers: number): Within => {
  const [, mark] = FENCE.exec(line) ?? [];
  const { fence } = within;
  if (fence !== null) return { ...within, fence: mark?.startsWith(fence) ? null : fence };
  if (mark !== undefined && !line.slice(line.indexOf(mark) + mark.length).includes("`")) return { ...within, fence: mark, openers: 0 };
  if (line.trim() === "") return { ...within, openers: 0 };
  return {
    fence,
    openers: within.openers + countOpeners(line),
    items: within.items + (containers > 0 ? 1 : 0),
    lines: within.lines + 1,
  };
};

/** The start of a Markdown text, up to an empty line, that parses quickly. Complete for ordinary texts; cut for input crafted to be quadratic. */
export const tamePart = (text: string): string => {
  let within: Within = { fence: null, openers: 0, items: 0, lines: 0 };
  let start = 0;
  let end = 0;
  for (const [whole, line = ""] of text.matchAll(/([^\r\n]*)(?:\r\n?|\n|$)/g)) {
    if (start >= text.length) break;
    if (line.trim() === "") end = start;
    const containers = count(CONTAINERS.exec(line)?.[0] ?? "", MARK);
    within = addLine(within, line, containers);
    start += whole.length;
    const isBusy = within.openers > MAX_OPENERS || containers > MAX_CONTAINERS || within.items > MAX_ITEMS || within.lines > MAX_LINES;
    if (isBusy || start > MAX_COMMENT_CHARS) return text.slice(0, end);
  }
  return text;
};

/** Whether the whole text parses quickly. */
export const isTame = (text: string): boolean => tamePart(text) === text;
