import { stripHiddenChars } from "../domain/visible-text.ts";
import { findHidden } from "./hidden.ts";
import { readMarkdownEvents, withoutRanges } from "./read.ts";
import { tamePart } from "./tame.ts";

/** Only with these can Markdown hide anything. */
const MARKUP = /[<[&|`~]/;

/**
 * A Markdown text as its reader on GitHub sees it: without HTML comments, invisible characters, and definitions that no visible text uses.
 * Code is shown as it is, and stays. What would take long to read is cleaned line by line: if it is unclear whether something is shown, it is left out.
 */
export const cleanText = (markdown: string): string => {
  if (!MARKUP.test(markdown)) return stripHiddenChars(markdown).trim();
  const tame = tamePart(markdown);
  const { ranges } = findHidden(tame, readMarkdownEvents(tame));
  const opens = ranges.at(-1)?.to === tame.length && tame.length > 0;
  const shown = withoutRanges(tame, ranges, { from: 0, to: tame.length });
  return stripHiddenChars(shown + (opens ? "" : cleanRoughly(markdown.slice(tame.length)))).trim();
};

/** What a reader sees of a text; if that is nothing, all of the text, so that nobody answers to nothing. */
export const cleanTextOrAll = (markdown: string): string => {
  const text = cleanText(markdown);
  return text === "" ? stripHiddenChars(markdown).trim() : text;
};

const HIDDEN_HTML = /<!--[^]*?(?:-->|$)|<[!?][^>]*(?:>|$)/g;
const HIDDEN_LINE = /^[ \t>*+\d.)-]*\[[^\]\n]*\]:.*$/gm;
const FENCE_WORDS = /^([ \t>*+\d.)-]*(?:`{3,}|~{3,})[^\s`]*)[^`\n]*$/gm;

const cleanRoughly = (text: string): string => text.replaceAll(HIDDEN_HTML, "").replaceAll(HIDDEN_LINE, "").replaceAll(FENCE_WORDS, "$1");
