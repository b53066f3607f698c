import { closesFence, opensFence } from "./fence.ts";

const OPENING = /^\s*\[OUTPUT\]/;
const CLOSING = /\[\/OUTPUT\]\s*$/;

/** A block by its first and last line, markers included. */
type Block = {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** Lines that hold its markers, and the fence around it if it has one. */
  readonly marks: readonly number[];
};

/** Lines within complete code fences; a fence that is never closed holds nothing. */
export const fencedLines = (lines: readonly string[]): ReadonlySet<number> => {
  const fenced = new Set<number>();
  let open: { readonly marks: string; readonly at: number } | null = null;
  for (const [at, line] of lines.entries()) {
    if (open === null) {
      const fence = opensFence(line);
      if (fence) open = { marks: fence.marks, at };
    } else if (closesFence(line, open.marks)) {
      for (let inside = open.at; inside <= at; inside += 1) fenced.add(inside);
      open = null;
    }
  }
  return fenced;
};

/** The complete blocks that hold something. `[OUTPUT]` opens one at the start of a line, `[/OUTPUT]` closes it at the end of one: a mention in prose or in code does neither. */
const findBlocks = (text: string): Block[] => {
  const lines = text.split("\n");
  const open = blocksIn(lines, fencedLines(lines));
  return open.length > 0 ? open : fencedBlock(lines);
};

/** The block of an answer that ends with a code fence around nothing else. Text after the fence makes it an example. */
const fencedBlock = (lines: readonly string[]): Block[] => {
  const to = lines.findLastIndex((line) => line.trim() !== "");
  const fenced = fencedLines(lines);
  const from = fenced.has(to) ? openingOf(lines, to) : -1;
  if (from === -1) return [];
  const inner = lines.slice(from + 1, to);
  const [block, ...more] = blocksIn(inner, fencedLines(inner));
  const isAll = block !== undefined && inner.every((line, at) => line.trim() === "" || (at >= block.from && at <= block.to));
  if (!isAll || more.length > 0) return [];
  return [{ from, to, text: block.text, marks: [from, ...block.marks.map((at) => at + from + 1), to] }];
};

/** The line that opened the fence which this line closes; -1 if it closes none. */
const openingOf = (lines: readonly string[], closing: number): number => {
  let open: { readonly marks: string; readonly at: number } | null = null;
  for (const [at, line] of lines.entries()) {
    if (open === null) {
      const fence = opensFence(line);
      if (fence) open = { marks: fence.marks, at };
    } else if (closesFence(line, open.marks)) {
      if (at === closing) return open.at;
      open = null;
    }
  }
  return -1;
};

const blocksIn = (lines: readonly string[], fenced: ReadonlySet<number>): Block[] => {
  const blocks: Block[] = [];
  let from: number | null = null;
  for (const [at, line] of lines.entries()) {
    if (fenced.has(at)) continue;
    if (OPENING.test(line)) from = at;
    if (from === null || !CLOSING.test(line)) continue;
    const inner = lines
      .slice(from, at + 1)
      .join("\n")
      .replace(OPENING, "")
      .replace(CLOSING, "")
      .trim();
    if (inner !== "") blocks.push({ from, to: at, text: inner, marks: [from, at] });
    from = null;
  }
  return blocks;
};

/** The last complete `[OUTPUT]…[/OUTPUT]` of an answer; null where it has none. */
export const outputBlock = (answer: string): string | null => findBlocks(answer).at(-1)?.text ?? null;

/** An answer without its blocks. */
export const withoutBlocks = (answer: string): string => {
  const inside = new Set(findBlocks(answer).flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at)));
  return answer
    .split("\n")
    .filter((_, at) => !inside.has(at))
    .join("\n")
    .trim();
};

/** An answer without the markers of its blocks; what stands in the blocks is kept. */
export const withoutMarkers = (answer: string): string => {
  const marks = new Set(findBlocks(answer).flatMap((block) => block.marks));
  const kept = answer.split("\n").flatMap((line, at) => {
    if (!marks.has(at)) return [line];
    if (opensFence(line)) return [];
    const bare = line.replace(OPENING, "").replace(CLOSING, "");
    return bare.trim() === "" ? [] : [bare];
  });
  return kept.join("\n").trim();
};
