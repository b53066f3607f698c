/** Randomness by hashing. A draw depends on its purpose only, not on earlier draws, so that policies can be compared on the same trace. */

/** Mixes a key into a 32-bit hash. */
export const mix = (hash: number, key: number): number => {
  let mixed = Math.imul(hash ^ Math.imul(key + 0x9e3779b9, 0x85ebca6b), 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

/** Uniform in [0, 1). */
export const draw = (...keys: readonly number[]): number => {
  let hash = 0x2545f491;
  for (const key of keys) hash = mix(hash, key);
  return hash / 2 ** 32;
};

/** Purposes of draws. */
export const FOR = {
  work: 1,
  bad: 2,
  flake: 3,
  textual: 4,
  semantic: 5,
  need: 6,
  needs: 7,
  content: 8,
  tree: 9,
  push: 10,
  outage: 11,
  hot: 12,
  urgent: 13,
  check: 14,
  folder: 15,
  lane: 16,
} as const;
