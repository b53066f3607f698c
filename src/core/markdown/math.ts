import { isWithin, type MarkdownEvent, mergeRanges, type Range, rangeOf } from "./read.ts";

const CODE_TOKENS = /^(?:codeText|codeFenced|codeIndented)$/;

const findCode = (events: readonly MarkdownEvent[]): readonly Range[] =>
  mergeRanges(events.flatMap(([phase, token]) => (phase === "enter" && CODE_TOKENS.test(token.type) ? [rangeOf(token)] : [])));

/** Possible marks of a formula; an empty line ends a formula in a paragraph. */
const MARKS = /\$\$|\$|\r?\n[ \t]*\r?\n/g;

/** Whether a dollar may open a formula: a visible character follows. */
const mayOpen = (text: string, at: number): boolean => /[^\s$]/.test(text[at + 1] ?? "");
/** Whether a dollar may close a formula: a visible character precedes, and no letter or digit follows. */
const mayClose = (text: string, at: number): boolean => /\S/.test(text[at - 1] ?? "") && !/[\p{L}\p{N}]/u.test(text[at + 1] ?? "");

/**
 * Finds possible formulas: `$…$` in a paragraph, and `$$…$$`. GitHub documents no exact rules, so a backslash before a dollar is
 * ignored, and `$$` may enclose empty lines.
 */
export const findMath = (text: string, events: readonly MarkdownEvent[]): readonly Range[] => {
  if (!text.includes("$")) return [];
  const code = findCode(events);
  const found: Range[] = [];
  let block: number | null = null;
  let inline: number | null = null;
  for (const { 0: mark, index } of text.matchAll(MARKS)) {
    if (isWithin(code, index)) continue;
    if (mark === "$$") {
      if (block !== null) found.push({ from: block, to: index + 2 });
      block = block === null ? index : null;
    } else if (mark !== "$") inline = null;
    else if (inline !== null && mayClose(text, index)) {
      found.push({ from: inline, to: index + 1 });
      inline = null;
    } else if (mayOpen(text, index)) inline ??= index;
  }
  return mergeRanges(found);
};
