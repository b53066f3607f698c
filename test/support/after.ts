import type { TimerStarter } from "../../src/storage/git/run-git.ts";

/** Real timers, for processes that must not run for ever. */
export const after: TimerStarter = (delay, call) => {
  const timer = setTimeout(call, delay);
  return () => clearTimeout(timer);
};

/** The real clock, for processes and records that must have the time. */
export const now = (): number => Date.now();
