import { closesFence, opensFence } from "./fence.ts";

const OPENING = /^\s*\[OUTPUT\]/;
const CLOSING = /\[\/OUTPUT\]\s*$/;

/** A block by its first and last line, markers included. */
type Block = { readonly from: number; readonly to: number; readonly text: string };

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
  const fenced = fencedLines(lines);
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
    if (inner !== "") blocks.push({ from, to: at, text: inner });
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
  const blocks = findBlocks(answer);
  const [opening, closing] = [new Set(blocks.map(({ from }) => from)), new Set(blocks.map(({ to }) => to))];
  const kept = answer.split("\n").flatMap((line, at) => {
    if (!opening.has(at) && !closing.has(at)) return [line];
    const bare = [opening.has(at) ? OPENING : null, closing.has(at) ? CLOSING : null].reduce(
      (rest, marker) => (marker ? rest.replace(marker, "") : rest),
      line,
    );
    return bare.trim() === "" ? [] : [bare];
  });
  return kept.join("\n").trim();
};
