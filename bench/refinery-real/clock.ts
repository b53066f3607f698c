import type { TimerStarter } from "../../src/storage/git/run-git.ts";

/** Time that passes only when it is told to, in milliseconds. */
export type Clock = {
  readonly now: () => number;
  /** For programs: a pause of no length is no part of the story. */ readonly after: TimerStarter;
  /** For what happens in the story: also what is due at once waits for `advance`. */ readonly plan: TimerStarter;
  /** Lets this much time pass; what is due meanwhile waits for the next `advance`. */ readonly spend: (delay: number) => void;
  /** Goes on to the next time for which something was asked, and does all of that; false when there is nothing. */
  readonly advance: () => boolean;
};

/** Any time will do: only differences count. */
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
