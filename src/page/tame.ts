/** GitHub takes no longer comment. */
const LARGEST = 65_536;
/** The parser's time grows with the square of these: what may open something in one paragraph, and containers of one line. */
const MOST_OPENERS = 1_000;
const MOST_CONTAINERS = 100;

const OPENER = /[*_~[]/g;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const CONTAINERS = /^(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)]))*/;
const MARK = />|[-+*]|\d+[.)]/g;
const ROW = /^\s*\|/;

const count = (text: string, of: RegExp): number => text.match(of)?.length ?? 0;

type Within = { readonly fence: string | null; readonly openers: number };

const step = ({ fence, openers }: Within, line: string): Within => {
  const [, mark] = FENCE.exec(line) ?? [];
  if (fence !== null) return { fence: mark?.startsWith(fence) ? null : fence, openers };
  if (mark !== undefined && !line.slice(line.indexOf(mark) + mark.length).includes("`")) return { fence: mark, openers: 0 };
  // Each cell of a table is a text of its own; but not each line that looks like a row is one.
  return { fence, openers: line.trim() === "" ? 0 : openers + count(line, OPENER) / (ROW.test(line) ? 4 : 1) };
};

/** True for Markdown that is read in a moment: what people and programs write, not what is made to keep a parser busy. */
export const isTame = (text: string): boolean => {
  if (text.length > LARGEST) return false;
  let within: Within = { fence: null, openers: 0 };
  for (const line of text.split(/\r\n?|\n/)) {
    within = step(within, line);
    if (within.openers > MOST_OPENERS || count(CONTAINERS.exec(line)?.[0] ?? "", MARK) > MOST_CONTAINERS) return false;
  }
  return true;
};
