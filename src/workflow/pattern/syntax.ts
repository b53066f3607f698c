/** Code points from `low` to `high`, both in. */
export type Range = readonly [low: number, high: number];

/** A pattern as it was written. */
export type Pattern =
  | { readonly kind: "set"; readonly ranges: readonly Range[]; readonly negated: boolean }
  | { readonly kind: "at"; readonly place: Place }
  | { readonly kind: "sequence"; readonly parts: readonly Pattern[] }
  | { readonly kind: "choice"; readonly options: readonly Pattern[] }
  | { readonly kind: "repeat"; readonly part: Pattern; readonly least: number; readonly most: number };

export type Place = "text-start" | "text-end" | "line-start" | "line-end" | "word-edge" | "no-word-edge";

/** What is wrong with a pattern, in one sentence. */
export class PatternError extends Error {}

const DIGIT: readonly Range[] = [[48, 57]];
const WORD: readonly Range[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const SPACE: readonly Range[] = [
  [9, 13],
  [32, 32],
];

/** The named sets of RE2 and JavaScript that both know. */
export const namedSet = (letter: string): { ranges: readonly Range[]; negated: boolean } | null => {
  const ranges = { d: DIGIT, w: WORD, s: SPACE }[letter.toLowerCase()];
  return ranges ? { ranges, negated: letter !== letter.toLowerCase() } : null;
};

export const isIn = (ranges: readonly Range[], point: number): boolean => ranges.some(([low, high]) => point >= low && point <= high);

export const isWord = (point: number | undefined): boolean => point !== undefined && isIn(WORD, point);

/** All code points that are not in the ranges. */
export const complement = (ranges: readonly Range[]): Range[] => {
  const out: Range[] = [];
  let next = 0;
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (low > next) out.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= 0x10ffff) out.push([next, 0x10ffff]);
  return out;
};
