import type { TimerStarter } from "../../src/storage/git/run-git.ts";

/** Real timers, for processes with a time limit. */
export const after: TimerStarter = (delay, call) => {
  const timer = setTimeout(call, delay);
  return () => clearTimeout(timer);
};

/** The real clock, for processes and records with real times. */
export const now = (): number => Date.now();
