import { Transform, type TransformCallback } from "node:stream";

const MASK = "*".charCodeAt(0);

const maskWords = (bytes: Buffer, words: readonly Buffer[]): void => {
  for (const word of words)
    for (let at = bytes.indexOf(word); at !== -1; at = bytes.indexOf(word, at + word.length)) bytes.fill(MASK, at, at + word.length);
};

/** The length of the end of a text with which one of the words may begin. */
const countOpenBytes = (bytes: Buffer, words: readonly Buffer[]): number => {
  const longest = Math.min(bytes.length, Math.max(0, ...words.map((word) => word.length - 1)));
  for (let length = longest; length > 0; length -= 1) {
    const end = bytes.subarray(bytes.length - length);
    if (words.some((word) => word.length > length && word.subarray(0, length).equals(end))) return length;
  }
  return 0;
};

/** Passes bytes on immediately, with asterisks in the place of secrets: a server may echo a refused key. The length stays the same. */
export const createKeyMask = (secrets: readonly string[]): Transform => {
  const words = secrets.filter((secret) => secret !== "").map((secret) => Buffer.from(secret));
  let open = Buffer.alloc(0);
  return new Transform({
    transform: (chunk: Buffer, _, done: TransformCallback) => {
      const bytes = Buffer.concat([open, chunk]);
      maskWords(bytes, words);
      const end = bytes.length - countOpenBytes(bytes, words);
      open = bytes.subarray(end);
      done(null, bytes.subarray(0, end));
    },
    flush: (done: TransformCallback) => done(null, open),
  });
};
