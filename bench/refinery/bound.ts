import { type Scene, TIMES } from "./trace.ts";

/** Bits that one fair answer to a question with these odds holds. */
const entropy = (odds: number): number => (odds <= 0 || odds >= 1 ? 0 : -odds * Math.log2(odds) - (1 - odds) * Math.log2(1 - odds));

/** The largest entropy of a count with this mean: that of the geometric distribution. */
const countEntropy = (mean: number): number => (mean === 0 ? 0 : (mean + 1) * Math.log2(mean + 1) - mean * Math.log2(mean));

/** The mean number of rounds, with a verdict for each slot, that can name so many bits, when also their number tells something. */
const roundsFor = (bits: number, slots: number): number => {
  let [low, high] = [0, Math.max(0, bits)];
  for (let turn = 0; turn < 60; turn += 1) {
    const middle = (low + high) / 2;
    if (slots * middle + countEntropy(middle) < bits) low = middle;
    else high = middle;
  }
  return low;
};

/** Bits of the heads that are red with no other good one, since red runs of such pairs are no sign of a bad head. */
const bitsOf = ({ steps, bad, semantic }: Scene): number => steps * entropy(bad) * (1 - semantic) ** (steps - 1);

/** The mean time at which the last bad head is there, if some head is bad; otherwise that of the first head. */
const lastBadReady = ({ steps, bad, work }: Scene): number =>
  work * (0.5 + (bad === 0 ? 0 : 1 - (1 - (1 - bad) ** (steps + 1)) / ((steps + 1) * bad)));

/**
 * A lower bound of the mean makespan of every policy that learns which steps are bad from verdicts alone and ejects a head only after red runs in
 * which all else is green, with one retry or without, for scenes in which only the queue moves the base; the proof is in `docs/refinery.md`. All
 * bad heads are ejected, and their ejections name them: so the verdicts until then hold the bits of all. A slot gives one verdict in the time of a check. A
 * retry of an accused head tells nothing and comes after its first red run. After the last ejection the step is fixed and verified.
 */
export const onlineBound = (scene: Scene, retries: 0 | 1 = 0): number => {
  const { steps, bad, slots, work } = scene;
  const [first, bits, someBad] = [0.5 * work, bitsOf(scene), 1 - (1 - bad) ** steps];
  const red = 1 + retries;
  const afterwards = TIMES.fix + TIMES.check;
  const known = first + TIMES.check * roundsFor(bits, slots) + someBad * (retries * TIMES.check + afterwards);
  const retried = first + TIMES.check * roundsFor(bits + retries * steps * bad, slots) + someBad * afterwards;
  const alone = lastBadReady(scene) + someBad * (red * TIMES.check + afterwards) + (1 - someBad) * TIMES.check;
  return Math.max(known, retried, alone);
};
