import { type Scene, TIMES } from "./trace.ts";

/** Entropy of an answer with these odds, in bits. */
const entropy = (odds: number): number => (odds <= 0 || odds >= 1 ? 0 : -odds * Math.log2(odds) - (1 - odds) * Math.log2(1 - odds));

/** The largest entropy of a count with this mean, which the geometric distribution has, in bits. */
const countEntropy = (mean: number): number => (mean === 0 ? 0 : (mean + 1) * Math.log2(mean + 1) - mean * Math.log2(mean));

/** The smallest mean number of rounds, with a verdict for each slot, that can carry these bits, including the information in the number of rounds. */
const roundsFor = (bits: number, slots: number): number => {
  let [low, high] = [0, Math.max(0, bits)];
  for (let turn = 0; turn < 60; turn += 1) {
    const middle = (low + high) / 2;
    if (slots * middle + countEntropy(middle) < bits) low = middle;
    else high = middle;
  }
  return low;
};

/** Bits of the heads that are not red together with another good head, since red runs of such pairs do not prove a bad head. */
const bitsOf = ({ steps, bad, semantic }: Scene): number => steps * entropy(bad) * (1 - semantic) ** (steps - 1);

/** The mean time at which the last bad head becomes ready, or the first head if no head is bad. */
const lastBadReady = ({ steps, bad, work }: Scene): number =>
  work * (0.5 + (bad === 0 ? 0 : 1 - (1 - (1 - bad) ** (steps + 1)) / ((steps + 1) * bad)));

/**
 * A lower bound of the mean makespan of every policy that learns only from verdicts which steps are bad, and ejects a head only after red runs in which
 * all other heads are green, with or without a retry. Only the queue may move the base. The proof is in `docs/refinery.md`: all bad heads are ejected,
 * so the verdicts until then contain the bits of all heads. A slot gives one verdict in the time of a check. A retry of an accused head contains no
 * information and follows its first red run. After the last ejection, the step is fixed and verified.
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
