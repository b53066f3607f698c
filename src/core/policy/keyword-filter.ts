const HASH_BITS = 18;
const HASH_MASK = (1 << HASH_BITS) - 1;
/** Characters that a hash depends on: earlier ones are shifted out. */
const GRAM_CHARS = 4;

/** A search in a shorter text costs less than the filter. */
const MIN_FILTERED_CHARS = 4_000;

const CODE_OF_A = 65;
const CODE_OF_Z = 90;
const toLowerCode = (code: number): number => (code >= CODE_OF_A && code <= CODE_OF_Z ? code + 32 : code);

/** Marks the hash of each four characters, ignoring case. */
const markGrams = (text: string, seen: Uint8Array): void => {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = ((hash << 5) ^ toLowerCode(text.charCodeAt(at))) & HASH_MASK;
    if (at >= GRAM_CHARS - 1) seen[hash] = 1;
  }
};

const hasGrams = (keyword: string, seen: Uint8Array): boolean => {
  let hash = 0;
  for (let at = 0; at < keyword.length; at += 1) {
    hash = ((hash << 5) ^ toLowerCode(keyword.charCodeAt(at))) & HASH_MASK;
    if (at >= GRAM_CHARS - 1 && seen[hash] === 0) return false;
  }
  return true;
};

/** Tells whether a text contains any of the keywords, ignoring case. */
export type KeywordTest = (keywords: readonly string[]) => boolean;

/** Reads a text once, so that most keywords are excluded without a search. */
export const openKeywordFilter = (text: string): KeywordTest => {
  if (text.length < MIN_FILTERED_CHARS) {
    const lower = text.toLowerCase();
    return (keywords) => keywords.some((keyword) => lower.includes(keyword));
  }
  const seen = new Uint8Array(1 << HASH_BITS);
  markGrams(text, seen);
  let lower: string | null = null;
  return (keywords) => keywords.some((keyword) => hasGrams(keyword, seen) && (lower ??= text.toLowerCase()).includes(keyword));
};
