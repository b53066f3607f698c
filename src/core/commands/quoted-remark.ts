import { cleanText } from "../markdown/clean.ts";
import { takeFirstChars } from "../domain/visible-text.ts";

/** GitHub takes no longer comments; what is beyond is not read. */
const MAX_READ_COMMENT_CHARS = 65_536;

export type QuotedRemark = {
  /** Lines that it quotes, without their marks. */
  readonly quotes: readonly string[];
  /** All of it, with what it quotes. */
  readonly text: string;
};

/**
 * A reply that begins with a quote and says something to it; null for any other text.
 * A mail program puts the quote below what is said: that is no reply to single lines, and gives null.
 */
export const readQuotedRemark = (markdown: string, slug: string): QuotedRemark | null => {
  const text = cleanText(takeFirstChars(markdown, MAX_READ_COMMENT_CHARS));
  const lines = text.split(/\r\n|\n|\r/);
  if (readQuotedLine(lines[0] ?? "") === null) return null;
  const own = lines.filter((line) => readQuotedLine(line) === null).join("\n");
  const isNamed = own.toLowerCase().includes("/enki") || own.toLowerCase().includes(`@${slug.toLowerCase()}`);
  if (isNamed || isAssent(own) || !/\p{L}/u.test(own)) return null;
  return { quotes: lines.flatMap((line) => readQuotedLine(line) ?? []).filter((line) => line.trim() !== ""), text };
};

/** How people agree in passing. The list is closed: everything else may be a change. */
const ASSENTS: readonly string[] = [
  "i agree",
  "agree",
  "agreed",
  "all good",
  "approved",
  "awesome",
  "cool",
  "excellent",
  "fine",
  "go ahead",
  "good",
  "great",
  "lgtm",
  "looks fine",
  "looks good",
  "looks good to me",
  "looks great",
  "love it",
  "nice",
  "ok",
  "okay",
  "perfect",
  "plus one",
  "ship it",
  "shipit",
  "sounds good",
  "sounds good to me",
  "sounds great",
  "sure",
  "thank you",
  "thanks",
  "thx",
  "works for me",
  "yep",
  "yes",
  "yes please",
].toSorted((a, b) => b.length - a.length);

/** Whether a text only agrees: it consists of assents, with whatever signs and emoji between them. */
const isAssent = (text: string): boolean => {
  let left = normalizeWords(text.replaceAll(/(?<!\d)\+1(?!\d)/g, " plus one ").replaceAll(/:[a-z][\w+-]*:/gi, " "));
  while (left !== "") {
    const found = ASSENTS.find((assent) => left === assent || left.startsWith(`${assent} `));
    if (found === undefined) return false;
    left = left.slice(found.length).trimStart();
  }
  return true;
};

/** What a line quotes, however deep; null for a line of one's own. */
const readQuotedLine = (line: string): string | null => /^ {0,3}(?:> ?)+(.*)$/.exec(line)?.[1] ?? null;

/** A line or a table's cell as its words, however it is set. */
const normalizeWords = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** Shorter ones may stand in any text. */
const MIN_QUOTE_CHARS = 4;

/** True where one of these lines is a whole line, or a whole cell of a table, of a text, and not one of another text that it repeats. */
export const hasQuotedLine = (
  quotes: readonly string[],
  { text, repeats }: { readonly text: string; readonly repeats: string },
): boolean => {
  const linesOf = (of: string): string[] =>
    of.split("\n").flatMap((line) => [line, ...line.split("|")].map((part) => normalizeWords(part)));
  const known = new Set(linesOf(text));
  for (const line of linesOf(repeats)) known.delete(line);
  return quotes.some((line) => normalizeWords(line).length >= MIN_QUOTE_CHARS && known.has(normalizeWords(line)));
};
