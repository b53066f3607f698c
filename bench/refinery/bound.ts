import { type Scene, TIMES } from "./trace.ts";

/** Bits that one fair answer to a question with these odds holds. */
const entropy = (odds: number): number => (odds <= 0 || odds >= 1 ? 0 : -odds * Math.log2(odds) - (1 - odds) * Math.log2(1 - odds));

/** The largest entropy of a count with this mean: that of the geometric distribution. */
const countEntropy = (mean: number): number => (mean === 0 ? 0 : (mean + 1) * Math.log2(mean + 1) - mean * Math.log2(mean));

/** The mean number of verdicts that can name so many bits, when also the time of the last one tells something. */
const verdictsFor = (bits: number): number => {
  let [low, high] = [0, Math.max(0, bits)];
  for (let turn = 0; turn < 60; turn += 1) {
    const middle = (low + high) / 2;
    if (middle + countEntropy(middle) < bits) low = middle;
    else high = middle;
  }
  return low;
};

/** The share of good heads that a policy may eject: two flakes, or a conflict of meaning with another step. */
const wronglyEjected = ({ flakes, semantic, steps }: Scene): number => Math.min(0.5, 2 * flakes ** 2 + (semantic * (steps - 1)) / 2);

/**
 * A lower bound of the mean makespan of every policy that learns which steps are bad from verdicts alone, for scenes in which only the queue moves the
 * base; the proof is in `docs/refinery.md`. Bad heads are ejected, and who ejects them names them: so the verdicts until the last ejection of a bad head
 * hold the bits of all, but for the good heads that are ejected too. A slot gives one verdict in the time of a check. After that ejection the step is fixed
 * and verified.
 */
export const onlineBound = (scene: Scene): number => {
  const { steps, bad, slots, work } = scene;
  const bits = steps * (entropy(bad) - entropy(wronglyEjected(scene)));
  const someBad = 1 - (1 - bad) ** steps;
  return 0.5 * work + (TIMES.check * verdictsFor(bits)) / slots + someBad * (TIMES.fix + TIMES.check);
};
