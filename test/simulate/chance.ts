import { mix } from "../../bench/refinery/random.ts";

/** Number of opportunities for a kind of fault, and number of faults. */
export type FaultCount = { asked: number; happened: number };

const hashText = (text: string): number => Buffer.from(text).reduce((hash, byte) => mix(hash, byte), 0x9747b28c);

/**
 * The randomness of one history. A draw depends on the seed, its kind and the number of earlier draws of the kind, so an omitted fault
 * changes no other draw. `omitted`: faults that must not happen, as `<kind>#<number of the draw>`.
 */
export const openChance = (seed: number, omitted: ReadonlySet<string> = new Set(), isCalm: () => boolean = () => false) => {
  const drawn = new Map<string, number>();
  const counts = new Map<string, FaultCount>();
  const happened: string[] = [];
  const draw = (kind: string): { value: number; key: string } => {
    const number = (drawn.get(kind) ?? 0) + 1;
    drawn.set(kind, number);
    return { value: mix(mix(mix(0x2545f491, seed), hashText(kind)), number) / 2 ** 32, key: `${kind}#${number}` };
  };
  return {
    counts,
    /** The faults that happened, oldest first. */
    happened,
    /** Whether a fault happens at this opportunity. No fault happens once the history is calm. */
    happens: (kind: string, rate: number): boolean => {
      const { value, key } = draw(kind);
      if (isCalm()) return false;
      const count = counts.get(kind) ?? { asked: 0, happened: 0 };
      counts.set(kind, count);
      count.asked += 1;
      if (value >= rate || omitted.has(key)) return false;
      count.happened += 1;
      happened.push(key);
      return true;
    },
    /** Returns a number, uniform in [0, 1). */
    number: (kind: string): number => draw(kind).value,
    /** Returns a whole number from 0 up to, but not including, `below`. */
    below: (kind: string, below: number): number => Math.floor(draw(kind).value * below),
    pick: <T>(kind: string, from: readonly T[]): T | undefined => from[Math.floor(draw(kind).value * from.length)],
  };
};
export type Chance = ReturnType<typeof openChance>;
