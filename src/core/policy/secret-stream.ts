import { findSecretRanges, redactRanges, redactSecrets } from "./secrets.ts";

/** Takes text in pieces and returns what may be shown of it so far. */
export type SecretRedactor = { readonly write: (text: string) => string; readonly end: () => string };

/** The most text that is held back because its end may be the start of a credential; longer credentials are not recognized. */
export const MAX_HELD_CHARS = 32_000;

/** Held text up to this length is searched after each piece. */
const MAX_WORD_CHARS = 256;
/** By how much a longer one grows until it is searched again. */
const SEARCH_GROWTH = 9 / 8;

/** Redacts a stream: a credential may be in several pieces, and a private key has many lines. */
export const openSecretRedactor = (values: readonly string[] = []): SecretRedactor => {
  let held = "";
  let searchedAgainAt = 0;
  const release = ({ end, ranges }: SafeStart): string => {
    const text = held.slice(0, end);
    held = held.slice(end);
    return ranges === null ? redactSecrets(text, values) : redactRanges(text, ranges);
  };
  return {
    write: (text) => {
      let shown = "";
      // Pieces of a quarter of the limit, so that the held text and the next piece together stay within the limit.
      for (let at = 0; at < text.length; at += MAX_HELD_CHARS / 4) {
        const piece = text.slice(at, at + MAX_HELD_CHARS / 4);
        held += piece;
        if (held.length < searchedAgainAt && !piece.includes("-----END")) continue;
        shown += release(findSafeStart(held, values));
        searchedAgainAt = findNextSearch(held.length);
      }
      return shown;
    },
    end: () => release({ end: held.length, ranges: null }),
  };
};

/** The length at which held text is searched again: a long text would otherwise be searched as a whole for each word that is added. */
const findNextSearch = (length: number): number => {
  if (length < MAX_WORD_CHARS) return 0;
  // Only the text beyond half of the limit is released without an end, so a search for little of it costs as much as one for all.
  return length < MAX_HELD_CHARS / 2 ? length * SEARCH_GROWTH : (MAX_HELD_CHARS / 4) * 3 + 1;
};

type SafeStart = {
  readonly end: number;
  /** The credentials before the end; null before a search. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[] | null;
};

/** The start of the text that no credential continues beyond. */
const findSafeStart = (held: string, values: readonly string[]): SafeStart => {
  const key = findLastKey(held);
  const word = findLastFragment(held);
  const end = key !== null && word < key.to ? Math.min(key.from, word) : word;
  const least = held.length - MAX_HELD_CHARS / 2;
  if (end >= least) return { end, ranges: null };
  const found = findSecretRanges(held, values);
  const before = findStartBefore(found, least);
  const safe = before > 0 ? before : held.length;
  // A long text without an end is searched once, not again for its start.
  return { end: safe, ranges: found.flatMap(({ from, to }) => (from < safe ? [{ from, to: Math.min(to, safe) }] : [])) };
};

/** The last place up to the given one that is inside of no range: a credential may be a part of another. */
const findStartBefore = (ranges: readonly { readonly from: number; readonly to: number }[], place: number): number => {
  const starts = ranges.flatMap(({ from, to }) => (from < place && to > place ? [from] : []));
  return starts.length === 0 ? place : findStartBefore(ranges, Math.min(...starts));
};

/** The last private key, which may have only begun. */
const findLastKey = (held: string): { readonly from: number; readonly to: number } | null => {
  const from = held.lastIndexOf("-----BEGIN");
  if (from < 0) return null;
  const key = held.slice(from);
  if (!/^-----BEGIN[ A-Z0-9]*(?:-|$)/.test(key)) return null;
  const last = /-----END [A-Z0-9 ]{1,80}-----/.exec(key);
  return { from, to: last ? from + last.index + last[0].length : Infinity };
};

const findLastWord = (text: string): number => {
  let start = text.length;
  while (start > 0 && !/\s/.test(text.charAt(start - 1))) start -= 1;
  return start;
};

/** A mark before the text of a line in code, quotes and lists. */
const LINE_MARK = /^(?:\/\/|#|\*|>|\||--?|\+|\d{1,5}[.):|]?)$/;
const LINE_END = /[\n\r\v\f\u0085\u2028\u2029]/;
/** A word in which a credential may begin that the next line continues; ordinary words of prose are shown at once. */
const LINE_FRAGMENT = /^(?=.{8})(?:.*[\d_=+/\\"'`]|[^\s]{12}).*$/;
/**
 * A word that the next word of the line continues: an operator between literals, a literal, the start of a hidden comment, a byte or a group
 * of bytes, a character, or a piece that looks encoded.
 */
const JOINED_WORD =
  /^(?:[+.,&|\\]{1,2}|<<|<>|_|\+=|.)$|["'`][,;)]?$|<!--$|^(?:0x|\\x)?[0-9a-f]{2,16}[,:;]?$|^(?=\D*\d)(?=[^A-Z]*[A-Z])[\w+/=-]{16,}$/i;
/** A character of a list in one line. Across lines, the long lists of numbers that programs print would be held back and searched again. */
const LISTED_CHAR = /^.[,;|./:_-]$/;
const SPELLED_CHAR = /^.[,;|./:_-]?$/;

/** The start of the last word, or of the words before, if the last may continue them. */
const findLastFragment = (text: string): number => {
  let start = findLastWord(text);
  // A blank at the end may be the first between characters.
  let isSpelled = start === text.length || SPELLED_CHAR.test(text.slice(start));
  for (;;) {
    const end = text.slice(0, start).trimEnd().length;
    const before = findLastWord(text.slice(0, end));
    const word = text.slice(before, end);
    if (word === "") return start;
    const isLineEnd = LINE_END.test(text.slice(end, start));
    if (!mayContinue(word, { isLineEnd, next: text.slice(start, start + 2) }))
      // Only some characters of a credential may be separated.
      return isSpelled && !isLineEnd ? before : start;
    isSpelled = SPELLED_CHAR.test(word);
    start = before;
  }
};

/** Whether the next word of a text may continue the credential of a word. */
const mayContinue = (word: string, { isLineEnd, next }: { readonly isLineEnd: boolean; readonly next: string }): boolean =>
  LINE_MARK.test(word) ||
  JOINED_WORD.test(word) ||
  (isLineEnd ? LINE_FRAGMENT.test(word) : LISTED_CHAR.test(word) || "+=".startsWith(next));

/** A longer line is redacted in parts. In characters. */
const MAX_LINE_CHARS = 10_000;

/** Redacts a stream of small pieces by whole lines: some credentials are several words of a line. */
export const openTextRedactor = (values: readonly string[] = []): SecretRedactor => {
  const redactor = openSecretRedactor(values);
  let rest = "";
  return {
    write: (text) => {
      rest += text;
      const end = rest.length > MAX_LINE_CHARS ? rest.length : rest.lastIndexOf("\n") + 1;
      if (end === 0) return "";
      const lines = rest.slice(0, end);
      rest = rest.slice(end);
      return redactor.write(lines);
    },
    end: () => redactor.write(rest) + redactor.end(),
  };
};

/** Redacts lines, and passes each on as soon as no credential can continue in the next. Many lines at once cost little more than one. */
export const openLineRedactor = (values: readonly string[], log: (line: string) => void) => {
  const redactor = openSecretRedactor(values);
  let rest = "";
  const show = (text: string): void => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) log(line);
  };
  return {
    write: (lines: readonly string[]): void => show(redactor.write(`${lines.join("\n")}\n`)),
    end: (): void => {
      show(redactor.end());
      if (rest !== "") log(rest);
      rest = "";
    },
  };
};
