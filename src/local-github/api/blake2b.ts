const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
] as const;

/** The order of the message's words in each of the 12 rounds, one hexadecimal digit a word. */
const ORDERS = [
  "0123456789abcdef",
  "ea489fd61c02b753",
  "b8c052fdae367194",
  "7931dcbe265a40f8",
  "905724afe1bc683d",
  "2c6a0b834d75fe19",
  "c51fed4a0763928b",
  "db7ec13950f4862a",
  "6fe9b308c2d714a5",
  "a2847615fb9e3cd0",
  "0123456789abcdef",
  "ea489fd61c02b753",
].map((order) => Array.from(order, (digit) => Number.parseInt(digit, 16)));

/** The words of each quarter round, columns first. */
const QUARTERS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

const MASK = (1n << 64n) - 1n;
const BLOCK_BYTES = 128;
const NONCE_BYTES = 24;

const rotate = (word: bigint, bits: bigint): bigint => ((word >> bits) | (word << (64n - bits))) & MASK;

type Quarter = (typeof QUARTERS)[number];

const mixQuarter = (words: bigint[], [a, b, c, d]: Quarter, [x = 0n, y = 0n]: readonly bigint[]): void => {
  const at = (index: number): bigint => words[index] ?? 0n;
  for (const [input, first, second] of [
    [x, 32n, 24n],
    [y, 16n, 63n],
  ] as const) {
    words[a] = (at(a) + at(b) + input) & MASK;
    words[d] = rotate(at(d) ^ at(a), first);
    words[c] = (at(c) + at(d)) & MASK;
    words[b] = rotate(at(b) ^ at(c), second);
  }
};

/** BLAKE2b with a digest of 24 bytes, for at most 128 bytes and without a key: https://www.rfc-editor.org/rfc/rfc7693 */
export const hashNonce = (text: Buffer): Buffer => {
  if (text.length > BLOCK_BYTES) throw new Error("A longer text has more than one block.");
  const block = Buffer.concat([text, Buffer.alloc(BLOCK_BYTES - text.length)]);
  const message = Array.from({ length: 16 }, (_, index) => block.readBigUInt64LE(index * 8));
  const [first, ...rest] = IV;
  // The parameters: no key, and the length of the digest.
  const state = [first ^ 0x01010000n ^ BigInt(NONCE_BYTES), ...rest];
  const words = [...state, ...IV];
  words[12] = (words[12] ?? 0n) ^ BigInt(text.length);
  words[14] = (words[14] ?? 0n) ^ MASK;
  for (const order of ORDERS)
    for (const [at, quarter] of QUARTERS.entries())
      mixQuarter(
        words,
        quarter,
        order.slice(2 * at, 2 * at + 2).map((index) => message[index] ?? 0n),
      );
  const digest = Buffer.alloc(NONCE_BYTES);
  for (const index of [0, 1, 2]) digest.writeBigUInt64LE((state[index] ?? 0n) ^ (words[index] ?? 0n) ^ (words[index + 8] ?? 0n), index * 8);
  return digest;
};
