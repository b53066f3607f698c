/** "expand 32-byte k", as four little-endian words. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
const BLOCK_BYTES = 64;
/** The words of each quarter round, columns first: https://cr.yp.to/snuffle/spec.pdf */
const QUARTERS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const;

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

/** 20 rounds on 16 words, in place. */
const mix = (words: Int32Array): void => {
  const at = (index: number): number => words[index] ?? 0;
  for (let round = 0; round < 20; round += 2)
    for (const [a, b, c, d] of QUARTERS) {
      words[b] = at(b) ^ rotate(at(a) + at(d), 7);
      words[c] = at(c) ^ rotate(at(b) + at(a), 9);
      words[d] = at(d) ^ rotate(at(c) + at(b), 13);
      words[a] = at(a) ^ rotate(at(d) + at(c), 18);
    }
};

const readWords = (bytes: Buffer): number[] => Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32LE(index * 4));

const writeWords = (words: Iterable<number>): Buffer =>
  Buffer.concat(
    Array.from(words, (word) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(word | 0);
      return bytes;
    }),
  );

/** Arranges a key of 32 bytes and an input of 16 bytes. */
const arrange = (key: Buffer, input: Buffer): Int32Array => {
  const [k, n] = [readWords(key), readWords(input)];
  const [s0, s1, s2, s3] = SIGMA;
  return Int32Array.from([s0, ...k.slice(0, 4), s1, ...n, s2, ...k.slice(4), s3]);
};

/** HSalsa20: a key from a key and 16 bytes of a nonce. */
export const deriveSubkey = (key: Buffer, input: Buffer): Buffer => {
  const words = arrange(key, input);
  mix(words);
  return writeWords([0, 5, 10, 15, 6, 7, 8, 9].map((index) => words[index] ?? 0));
};

/** Salsa20 with a nonce of 8 bytes: encrypts and decrypts. */
export const xorStream = (key: Buffer, nonce: Buffer, text: Buffer): Buffer => {
  const result = Buffer.from(text);
  for (let start = 0; start < text.length; start += BLOCK_BYTES) {
    const counter = Buffer.alloc(8);
    counter.writeUInt32LE(start / BLOCK_BYTES);
    const input = arrange(key, Buffer.concat([nonce, counter]));
    const words = Int32Array.from(input);
    mix(words);
    const block = writeWords(words.map((word, index) => word + (input[index] ?? 0)));
    for (let at = start; at < Math.min(start + BLOCK_BYTES, text.length); at += 1) result[at] = (text[at] ?? 0) ^ (block[at - start] ?? 0);
  }
  return result;
};

const PRIME = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

const readNumber = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).reverse().toString("hex")}`);

/** Poly1305 with a key of 32 bytes: https://cr.yp.to/mac/poly1305-20050329.pdf */
export const authenticate = (key: Buffer, text: Buffer): Buffer => {
  const factor = readNumber(key.subarray(0, 16)) & CLAMP;
  let sum = 0n;
  for (let start = 0; start < text.length; start += 16) {
    const part = text.subarray(start, start + 16);
    sum = ((sum + readNumber(part) + (1n << BigInt(8 * part.length))) * factor) % PRIME;
  }
  const code = (sum + readNumber(key.subarray(16))) & ((1n << 128n) - 1n);
  return Buffer.from(code.toString(16).padStart(32, "0"), "hex").reverse();
};
