/** Codes of ASCII characters are smaller. Keywords consist of such characters. */
const ASCII_CODES = 128;

export type KeywordSearch = {
  /** Returns the keywords that a text contains, ignoring case. */
  readonly findIn: (text: string) => ReadonlySet<string>;
  /** Whether bytes, each of which is a character, contain a keyword. */
  readonly isIn: (bytes: Uint8Array) => boolean;
};

/** The low five bits of a character's code: they are the same for a letter in both cases. */
const LOW_BITS = 31;
const toLowBits = (keyword: string, at: number): number => keyword.charCodeAt(at) & LOW_BITS;

/** Marks the low bits of the first three characters of keywords; any third character may follow a keyword of two. */
const markStarts = (keywords: ReadonlySet<string>): Uint8Array => {
  const isStart = new Uint8Array((LOW_BITS + 1) ** 3);
  for (const keyword of keywords) {
    const start = ((toLowBits(keyword, 0) << 5) | toLowBits(keyword, 1)) << 5;
    if (keyword.length > 2) isStart[start | toLowBits(keyword, 2)] = 1;
    else isStart.fill(1, start, start + LOW_BITS + 1);
  }
  return isStart;
};

/** Finds all keywords of at least two characters in one pass over a text: by their first characters. */
export const createKeywordSearch = (keywords: Iterable<string>): KeywordSearch => {
  const known = new Set(keywords);
  const isStart = markStarts(known);
  const byStart = new Map<number, string[]>();
  for (const keyword of known) {
    const start = keyword.charCodeAt(0) * ASCII_CODES + keyword.charCodeAt(1);
    byStart.set(start, [...(byStart.get(start) ?? []), keyword]);
  }
  const findIn = (text: string): ReadonlySet<string> => {
    const lower = text.toLowerCase();
    const found = new Set<string>();
    const findAt = (at: number): void => {
      const start = lower.charCodeAt(at) * ASCII_CODES + lower.charCodeAt(at + 1);
      for (const keyword of byStart.get(start) ?? []) if (!found.has(keyword) && lower.startsWith(keyword, at)) found.add(keyword);
    };
    let bits = 0;
    for (let at = 0; at < lower.length; at += 1) {
      bits = ((bits & 1023) << 5) | (lower.charCodeAt(at) & LOW_BITS);
      if (isStart[bits] === 1 && at > 1) findAt(at - 2);
    }
    // A keyword of two characters may end the text.
    if (lower.length > 1) findAt(lower.length - 2);
    return found;
  };
  const isAt = (bytes: Uint8Array, at: number): boolean =>
    byStart.get(toLowerCode(bytes[at]) * ASCII_CODES + toLowerCode(bytes[at + 1]))?.some((keyword) => startsWith(bytes, at, keyword)) ===
    true;
  const isIn = (bytes: Uint8Array): boolean => {
    let bits = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      bits = ((bits & 1023) << 5) | ((bytes[at] ?? 0) & LOW_BITS);
      if (isStart[bits] === 1 && at > 1 && isAt(bytes, at - 2)) return true;
    }
    return bytes.length > 1 && isAt(bytes, bytes.length - 2);
  };
  return { findIn, isIn };
};

const toLowerCode = (code = 0): number => (code >= 0x41 && code <= 0x5a ? code | 0x20 : code);

const startsWith = (bytes: Uint8Array, at: number, keyword: string): boolean => {
  for (let place = 0; place < keyword.length; place += 1) if (toLowerCode(bytes[at + place]) !== keyword.charCodeAt(place)) return false;
  return true;
};
