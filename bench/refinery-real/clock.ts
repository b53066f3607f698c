import type { TimerStarter } from "../../src/storage/git/run-git.ts";

/** A virtual clock in milliseconds. */
export type Clock = {
  readonly now: () => number;
  /** Timers of programs. A pause of zero does not wait for `advance`. */ readonly after: TimerStarter;
  /** Timers of events in the history. Even an event that is due at once waits for `advance`. */ readonly plan: TimerStarter;
  /** Moves the clock without running timers; those that become due run at the next `advance`. */ readonly spend: (delay: number) => void;
  /** Moves the clock to the next timer and runs all timers of that time. Returns false if there is none. */
  readonly advance: () => boolean;
};

/** An arbitrary start; only differences count. */
const START = Date.UTC(2030, 0, 1);

export const openClock = (): Clock => {
  const due = new Set<{ readonly at: number; readonly call: () => void }>();
  let now = START;
  const plan: TimerStarter = (delay, call) => {
    const entry = { at: now + Math.round(delay), call };
    due.add(entry);
    return () => void due.delete(entry);
  };
  return {
    now: () => now,
    plan,
    after: (delay, call) => {
      if (delay > 0) return plan(delay, call);
      const immediate = setImmediate(call);
      return () => clearImmediate(immediate);
    },
    spend: (delay) => void (now += Math.round(delay)),
    advance: () => {
      const next = Math.max(now, Math.min(...[...due].map(({ at }) => at)));
      if (next === Infinity) return false;
      now = next;
      for (const entry of due) {
        if (entry.at > now) continue;
        due.delete(entry);
        entry.call();
      }
      return true;
    },
  };
};
