import type { TimerStarter } from "../../src/storage/git/run-git.ts";

type Entry = { readonly at: number; readonly number: number; readonly call: () => unknown };

/** An arbitrary time, because only differences count. */
const START = Date.UTC(2030, 0, 1);

/** Opens a clock. Time passes only between planned events, and by the duration of requests. */
export const openClock = () => {
  const due = new Set<Entry>();
  const immediate = new Set<NodeJS.Immediate>();
  let now = START;
  let planned = 0;
  const plan = (delay: number, call: () => unknown): (() => void) => {
    const entry = { at: now + Math.max(0, Math.round(delay)), number: (planned += 1), call };
    due.add(entry);
    return () => void due.delete(entry);
  };
  const earliest = (): Entry | null => {
    let first: Entry | null = null;
    for (const entry of due)
      if (first === null || entry.at < first.at || (entry.at === first.at && entry.number < first.number)) first = entry;
    return first;
  };
  return {
    start: START,
    now: (): number => now,
    /** Plans an event of the history. An event without a delay also waits for `advance`. */
    plan,
    /** Plans a call of a program. A pause of length zero ends at once, even while others wait for the program. */
    after: ((delay, call) => {
      if (delay > 0) return plan(delay, call);
      const pause = setImmediate(() => {
        immediate.delete(pause);
        call();
      });
      immediate.add(pause);
      return () => {
        immediate.delete(pause);
        clearImmediate(pause);
      };
    }) satisfies TimerStarter,
    spend: (delay: number): void => void (now += Math.round(delay)),
    /** Ends all pauses of length zero. Without a pause, performs the next event; returns false if no event is left. */
    advance: async (): Promise<boolean> => {
      if (immediate.size > 0) {
        await new Promise((resolve) => setImmediate(resolve));
        return true;
      }
      const next = earliest();
      if (next === null) return false;
      due.delete(next);
      now = Math.max(now, next.at);
      await next.call();
      return true;
    },
  };
};
export type Clock = ReturnType<typeof openClock>;
