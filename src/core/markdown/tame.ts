/** GitHub takes no longer comment. */
const MAX_CHARS = 65_536;
/** The parser's time grows with the square of these: what may open or close something in one paragraph, containers of one line, list items, and lines outside of code. */
const MAX_OPENERS = 1_000;
const MAX_CONTAINERS = 100;
const MAX_ITEMS = 2_000;
const MAX_LINES = 5_000;

const OPENER = /[*_~[]/g;
const CLOSER = /\]/g;
const LABEL = /\[/g;
/** Each of these is looked for up to the end of its paragraph. */
const INSTRUCTION = /<[!?]/g;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const CONTAINERS = /^(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)]))*/;
const MARK = />|[-+*]|\d+[.)]/g;
const ROW = /^\s*\|/;

const count = (text: string, of: RegExp): number => text.match(of)?.length ?? 0;

type Within = { readonly fence: string | null; readonly openers: number; readonly items: number; readonly lines: number };

const openersIn = (line: string): number => {
  const all = count(line, OPENER) + 4 * count(line, INSTRUCTION) + Math.max(0, count(line, CLOSER) - count(line, LABEL));
  // Each cell of a table is a text of its own; but not each line that looks like a row is one.
  return ROW.test(line) ? all / 4 : all;
};

const step = (within: Within, line: string, containers: number): Within => {
  const [, mark] = FENCE.exec(line) ?? [];
  const { fence } = within;
  if (fence !== null) return { ...within, fence: mark?.startsWith(fence) ? null : fence };
  if (mark !== undefined && !line.slice(line.indexOf(mark) + mark.length).includes("`")) return { ...within, fence: mark, openers: 0 };
  if (line.trim() === "") return { ...within, openers: 0 };
  return {
    fence,
    openers: within.openers + openersIn(line),
    items: within.items + (containers > 0 ? 1 : 0),
    lines: within.lines + 1,
  };
};

/** As much from the start of Markdown, up to an empty line, as is read in a moment. Of what people and programs write this is all; what is made to keep a parser busy ends before that. */
export const tamePart = (text: string): string => {
  let within: Within = { fence: null, openers: 0, items: 0, lines: 0 };
  let start = 0;
  let end = 0;
  for (const [whole, line = ""] of text.matchAll(/([^\r\n]*)(?:\r\n?|\n|$)/g)) {
    if (start >= text.length) break;
    if (line.trim() === "") end = start;
    const containers = count(CONTAINERS.exec(line)?.[0] ?? "", MARK);
    within = step(within, line, containers);
    start += whole.length;
    const isBusy = within.openers > MAX_OPENERS || containers > MAX_CONTAINERS || within.items > MAX_ITEMS || within.lines > MAX_LINES;
    if (isBusy || start > MAX_CHARS) return text.slice(0, end);
  }
  return text;
};

/** Whether Markdown is read in a moment. */
export const isTame = (text: string): boolean => tamePart(text) === text;
