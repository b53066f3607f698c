import type { After } from "../../src/git/run.ts";

/** Real timers, for processes that must not run for ever. */
export const after: After = (delay, call) => {
  const timer = setTimeout(call, delay);
  return () => clearTimeout(timer);
};
