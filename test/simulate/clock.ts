import type { TimerStarter } from "../../src/storage/git/run-git.ts";

type Entry = { readonly at: number; readonly number: number; readonly call: () => unknown };

/** Any time will do: only differences count. */
const START = Date.UTC(2030, 0, 1);

/** Time that passes only from one planned event to the next, and by what requests take. */
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
    /** For what happens in the history: also what is due at once waits for `advance`. */
    plan,
    /** For programs. A pause of no length ends at once, also while others wait for the program. */
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
    /** Ends all pauses of no length, or else performs the one next event; false if there is neither. */
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
