import { parse, postprocess, preprocess } from "micromark";
import { gfm } from "micromark-extension-gfm";

export type MarkdownEvent = ReturnType<typeof postprocess>[number];
export type MarkdownToken = MarkdownEvent[1];

/** Part of a text; `to` is exclusive. */
export type Range = { readonly from: number; readonly to: number };

const EXTENSIONS = [gfm()];

/** Tokenizes GitHub's Markdown. Requires a text limited by {@link tamePart}; others take too long. */
export const readMarkdownEvents = (text: string): readonly MarkdownEvent[] => {
  // The parser drops a byte order mark, which would shift all offsets by one.
  const source = text.startsWith("\ufeff") ? `\u200b${text.slice(1)}` : text;
  return postprocess(
    parse({ extensions: EXTENSIONS })
      .document()
      .write(preprocess()(source, undefined, true)),
  );
};

export const rangeOf = ({ start, end }: MarkdownToken): Range => ({ from: start.offset, to: end.offset });

/** Sorts ranges and joins overlapping ones. */
export const mergeRanges = (ranges: readonly Range[]): Range[] => {
  const merged: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (!last || range.from > last.to) merged.push(range);
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to };
  }
  return merged;
};

/** Whether an offset is in one of the merged ranges. */
export const isWithin = (ranges: readonly Range[], at: number): boolean => {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.to ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return (ranges[low]?.from ?? Infinity) <= at;
};

/** A part of a text without the merged ranges. */
export const withoutRanges = (text: string, ranges: readonly Range[], { from: start, to: end }: Range): string => {
  let kept = "";
  let at = start;
  for (const { from, to } of ranges) {
    if (to <= at) continue;
    if (from >= end) break;
    kept += text.slice(at, Math.max(at, from));
    at = Math.min(end, to);
  }
  return kept + text.slice(at, end);
};
