import { cleanText } from "../markdown/clean.ts";
import { takeFirstChars } from "../domain/visible-text.ts";

/** GitHub's limit for comments; the rest is ignored. */
const MAX_READ_COMMENT_CHARS = 65_536;

export type QuotedRemark = {
  /** The quoted lines without quote marks. */
  readonly quotes: readonly string[];
  /** The whole text, including quotes. */
  readonly text: string;
};

/**
 * Reads a reply that starts with a quote and comments on it; null for any other text.
 * A mail program puts the quote below the answer: such a text does not reply to single lines and returns null.
 */
export const readQuotedRemark = (markdown: string, slug: string): QuotedRemark | null => {
  const text = cleanText(takeFirstChars(markdown, MAX_READ_COMMENT_CHARS));
  const lines = text.split(/\r\n|\n|\r/);
  if (readQuotedLine(lines[0] ?? "") === null) return null;
  const reply = lines.filter((line) => readQuotedLine(line) === null).join("\n");
  const isNamed = reply.toLowerCase().includes("/enki") || reply.toLowerCase().includes(`@${slug.toLowerCase()}`);
  if (isNamed || isAssent(reply) || !/\p{L}/u.test(reply)) return null;
  return { quotes: lines.flatMap((line) => readQuotedLine(line) ?? []).filter((line) => line.trim() !== ""), text };
};

/** Casual agreement. The list is closed: any other text may request a change. */
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

/** Whether a text consists of assents only, with any punctuation and emoji between them. */
const isAssent = (text: string): boolean => {
  let rest = normalizeWords(text.replaceAll(/(?<!\d)\+1(?!\d)/g, " plus one ").replaceAll(/:[a-z][\w+-]*:/gi, " "));
  while (rest !== "") {
    const found = ASSENTS.find((assent) => rest === assent || rest.startsWith(`${assent} `));
    if (found === undefined) return false;
    rest = rest.slice(found.length).trimStart();
  }
  return true;
};

/** The text of a quoted line, at any depth; null for an unquoted line. */
const readQuotedLine = (line: string): string | null => /^ {0,3}(?:> ?)+(.*)$/.exec(line)?.[1] ?? null;

/** The words of a line or table cell, without formatting. */
const normalizeWords = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** Shorter quotes match by chance. */
const MIN_QUOTE_CHARS = 4;

/** Whether one of the quotes is a whole line or table cell of `text` that does not also occur in `repeats`. */
export const hasQuotedLine = (
  quotes: readonly string[],
  { text, repeats }: { readonly text: string; readonly repeats: string },
): boolean => {
  const listParts = (source: string): string[] =>
    source.split("\n").flatMap((line) => [line, ...line.split("|")].map((part) => normalizeWords(part)));
  const known = new Set(listParts(text));
  for (const line of listParts(repeats)) known.delete(line);
  return quotes.some((line) => normalizeWords(line).length >= MIN_QUOTE_CHARS && known.has(normalizeWords(line)));
};
