import { stripHiddenChars } from "../domain/visible-text.ts";
import { findHidden } from "./hidden.ts";
import { readMarkdownEvents, withoutRanges } from "./read.ts";
import { tamePart } from "./tame.ts";

/** Markdown without these characters cannot hide text. */
const MARKUP = /[<[&|`~]/;

/**
 * Markdown as a reader on GitHub sees it: without HTML comments, invisible characters, and unused definitions.
 * Code stays unchanged. Text too complex to parse is cleaned line by line, and dropped if its visibility is unclear.
 */
export const cleanText = (markdown: string): string => {
  if (!MARKUP.test(markdown)) return stripHiddenChars(markdown).trim();
  const parseable = tamePart(markdown);
  const { ranges } = findHidden(parseable, readMarkdownEvents(parseable));
  const endsHidden = ranges.at(-1)?.to === parseable.length && parseable.length > 0;
  const visible = withoutRanges(parseable, ranges, { from: 0, to: parseable.length });
  return stripHiddenChars(visible + (endsHidden ? "" : cleanRoughly(markdown.slice(parseable.length)))).trim();
};

/** The visible text, or the whole text if nothing is visible, so that nobody answers an empty text. */
export const cleanTextOrAll = (markdown: string): string => {
  const text = cleanText(markdown);
  return text === "" ? stripHiddenChars(markdown).trim() : text;
};

const HIDDEN_HTML = /<!--[^]*?(?:-->|$)|<[!?][^>]*(?:>|$)/g;
const HIDDEN_LINE = /^[ \t>*+\d.)-]*\[[^\]\n]*\]:.*$/gm;
const LINE = /[^\r\n]+/g;
const FENCE_START = /^[ \t>*+\d.)-]*(?:`{3,}|~{3,})[^\s`]*/;

/** Drops what follows a fence and its language. A single pattern for whole lines would take cubic time. */
const dropFenceWords = (line: string): string => {
  const [start] = FENCE_START.exec(line) ?? [];
  if (start === undefined) return line;
  const isCodeText = start.includes("`") && line.includes("`", start.length);
  return isCodeText ? line : start;
};

const cleanRoughly = (text: string): string =>
  text.replaceAll(HIDDEN_HTML, "").replaceAll(HIDDEN_LINE, "").replaceAll(LINE, dropFenceWords);
