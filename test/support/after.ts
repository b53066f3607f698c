import type { TimerStarter } from "../../src/storage/git/run-git.ts";

/** Real timers, for processes that must not run for ever. */
export const after: TimerStarter = (delay, call) => {
  const timer = setTimeout(call, delay);
  return () => clearTimeout(timer);
};
