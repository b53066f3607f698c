import { findSecretRanges, redactSecrets } from "./secrets.ts";

/** Takes text in pieces and returns what may be shown of it so far. */
export type SecretRedactor = { readonly write: (text: string) => string; readonly end: () => string };

/** The most text that is held back because its end may be the start of a credential; longer credentials are not recognized. */
export const MAX_HELD_CHARS = 32_000;

/** Redacts a stream: a credential may be in several pieces, and a private key has many lines. */
export const openSecretRedactor = (values: readonly string[] = []): SecretRedactor => {
  let held = "";
  const release = (end: number): string => {
    const shown = redactSecrets(held.slice(0, end), values);
    held = held.slice(end);
    return shown;
  };
  return {
    write: (text) => {
      let shown = "";
      // Pieces of half the limit, so that the held text and the next piece together stay within the limit.
      for (let at = 0; at < text.length; at += MAX_HELD_CHARS / 2) {
        held += text.slice(at, at + MAX_HELD_CHARS / 2);
        shown += release(findSafeEnd(held, values));
      }
      return shown;
    },
    end: () => release(held.length),
  };
};

/** The end of the text in which no credential can continue. */
const findSafeEnd = (held: string, values: readonly string[]): number => {
  const key = findLastKey(held);
  const word = findLastFragment(held);
  const end = key !== null && word < key.to ? Math.min(key.from, word) : word;
  const least = held.length - MAX_HELD_CHARS / 2;
  if (end >= least) return end;
  const across = findSecretRanges(held, values).find(({ from, to }) => from < least && to > least);
  return across ? (across.from > 0 ? across.from : held.length) : least;
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
  /^(?:[+.,&|\\]{1,2}|<<|<>|_|\+=|.[,;|./:_-]?)$|["'`][,;)]?$|<!--$|^(?:0x|\\x)?[0-9a-f]{2,16}[,:;]?$|^(?=\D*\d)(?=[^A-Z]*[A-Z])[\w+/=-]{16,}$/i;

/** The start of the last word, or of the words before, if the last may continue them. */
const findLastFragment = (text: string): number => {
  let start = findLastWord(text);
  for (;;) {
    const end = text.slice(0, start).trimEnd().length;
    const before = findLastWord(text.slice(0, end));
    const word = text.slice(before, end);
    const isLineEnd = LINE_END.test(text.slice(end, start));
    const isContinued = isLineEnd ? LINE_FRAGMENT.test(word) : "+=".startsWith(text.slice(start, start + 2));
    if (word === "" || !(isContinued || LINE_MARK.test(word) || JOINED_WORD.test(word))) return start;
    start = before;
  }
};

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
