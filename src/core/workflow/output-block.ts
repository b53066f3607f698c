import { closesFence, readFenceOpening } from "./code-fence.ts";

const OPENING_MARKER = /^\s*\[OUTPUT\]/;
const CLOSING_MARKER = /\[\/OUTPUT\]\s*$/;

/** A block from its first to its last line, markers included. */
type MarkedBlock = {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** Lines with its markers, and with the fence around it. */
  readonly marks: readonly number[];
};

/** Line indices inside of complete code fences. An unclosed fence contains nothing. */
export const findFencedLines = (lines: readonly string[]): ReadonlySet<number> => {
  const fenced = new Set<number>();
  let open: { readonly marks: string; readonly at: number } | null = null;
  for (const [at, line] of lines.entries()) {
    if (open === null) {
      const fence = readFenceOpening(line);
      if (fence) open = { marks: fence.marks, at };
    } else if (closesFence(line, open.marks)) {
      for (let inside = open.at; inside <= at; inside += 1) fenced.add(inside);
      open = null;
    }
  }
  return fenced;
};

/** The complete blocks with content. `[OUTPUT]` opens a block at the start of a line, `[/OUTPUT]` closes it at the end of a line; markers in prose or code do not count. */
const findBlocks = (text: string): MarkedBlock[] => {
  const lines = text.split("\n");
  const open = findBlocksIn(lines, findFencedLines(lines));
  return open.length > 0 ? open : findFencedBlock(lines);
};

/** The block of an answer that ends with a code fence around the block alone. A fence with text after it is an example. */
const findFencedBlock = (lines: readonly string[]): MarkedBlock[] => {
  const to = lines.findLastIndex((line) => line.trim() !== "");
  const fenced = findFencedLines(lines);
  const from = fenced.has(to) ? findFenceStart(lines, to) : -1;
  if (from === -1) return [];
  const inner = lines.slice(from + 1, to);
  const [block, ...more] = findBlocksIn(inner, findFencedLines(inner));
  const isAll = block !== undefined && inner.every((line, at) => line.trim() === "" || (at >= block.from && at <= block.to));
  if (!isAll || more.length > 0) return [];
  return [{ from, to, text: block.text, marks: [from, ...block.marks.map((at) => at + from + 1), to] }];
};

/** The line that opened a fence, by its closing line; -1 if the line closes none. */
const findFenceStart = (lines: readonly string[], closing: number): number => {
  let open: { readonly marks: string; readonly at: number } | null = null;
  for (const [at, line] of lines.entries()) {
    if (open === null) {
      const fence = readFenceOpening(line);
      if (fence) open = { marks: fence.marks, at };
    } else if (closesFence(line, open.marks)) {
      if (at === closing) return open.at;
      open = null;
    }
  }
  return -1;
};

const findBlocksIn = (lines: readonly string[], fenced: ReadonlySet<number>): MarkedBlock[] => {
  const blocks: MarkedBlock[] = [];
  let from: number | null = null;
  for (const [at, line] of lines.entries()) {
    if (fenced.has(at)) continue;
    if (OPENING_MARKER.test(line)) from = at;
    if (from === null || !CLOSING_MARKER.test(line)) continue;
    const inner = lines
      .slice(from, at + 1)
      .join("\n")
      .replace(OPENING_MARKER, "")
      .replace(CLOSING_MARKER, "")
      .trim();
    if (inner !== "") blocks.push({ from, to: at, text: inner, marks: [from, at] });
    from = null;
  }
  return blocks;
};

/** The content of the last complete `[OUTPUT]…[/OUTPUT]` block; null without a block. */
export const findOutputBlock = (answer: string): string | null => findBlocks(answer).at(-1)?.text ?? null;

export const removeOutputBlocks = (answer: string): string => {
  const inside = new Set(findBlocks(answer).flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at)));
  return answer
    .split("\n")
    .filter((_, at) => !inside.has(at))
    .join("\n")
    .trim();
};

/** Removes the markers of output blocks and keeps their content. */
export const removeOutputMarkers = (answer: string): string => {
  const marks = new Set(findBlocks(answer).flatMap((block) => block.marks));
  const kept = answer.split("\n").flatMap((line, at) => {
    if (!marks.has(at)) return [line];
    if (readFenceOpening(line)) return [];
    const bare = line.replace(OPENING_MARKER, "").replace(CLOSING_MARKER, "");
    return bare.trim() === "" ? [] : [bare];
  });
  return kept.join("\n").trim();
};
