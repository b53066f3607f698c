/** Codes of ASCII characters are smaller. Keywords consist of such characters. */
const ASCII_CODES = 128;

/** Returns the keywords that a text contains, ignoring case. */
export type KeywordSearch = (text: string) => ReadonlySet<string>;

/** Finds all keywords of at least two characters in one pass over a text: by their first two characters. */
export const createKeywordSearch = (keywords: Iterable<string>): KeywordSearch => {
  const isStart = new Uint8Array(ASCII_CODES * ASCII_CODES);
  const byStart = new Map<number, string[]>();
  for (const keyword of new Set(keywords)) {
    const start = keyword.charCodeAt(0) * ASCII_CODES + keyword.charCodeAt(1);
    isStart[start] = 1;
    byStart.set(start, [...(byStart.get(start) ?? []), keyword]);
  }
  return (text) => {
    const lower = text.toLowerCase();
    const found = new Set<string>();
    let before = ASCII_CODES;
    for (let at = 0; at < lower.length; at += 1) {
      const code = lower.charCodeAt(at);
      const start = before * ASCII_CODES + code;
      before = code;
      if (code >= ASCII_CODES || isStart[start] !== 1) continue;
      for (const keyword of byStart.get(start) ?? []) if (!found.has(keyword) && lower.startsWith(keyword, at - 1)) found.add(keyword);
    }
    return found;
  };
};
