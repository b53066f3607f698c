import type { TimerStarter } from "../../src/storage/git/run-git.ts";

type Entry = { readonly at: number; readonly number: number; readonly call: () => unknown };

/** Any time will do: only differences count. */
const START = Date.UTC(2030, 0, 1);

/** Time that passes only from one planned event to the next, and by what requests take. */
export const openClock = () => {
  const due = new Set<Entry>();
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
    /** For programs: a pause of no length is no event. */
    after: ((delay, call) => {
      if (delay > 0) return plan(delay, call);
      const immediate = setImmediate(call);
      return () => clearImmediate(immediate);
    }) satisfies TimerStarter,
    spend: (delay: number): void => void (now += Math.round(delay)),
    /** Performs the one next event; false if there is none. */
    advance: async (): Promise<boolean> => {
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
