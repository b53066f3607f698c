/** How the runner waits. `sleep` resolves after `ms`; when the signal is aborted it may resolve or reject, at once. */
export type RunnerTimers = { sleep(ms: number, signal: AbortSignal): Promise<void> };

/** Calls `then` once after `ms`, unless the function that it returns was called first. */
export const startTimer = (timers: RunnerTimers, ms: number, then: () => void): (() => void) => {
  const controller = new AbortController();
  const { signal } = controller;
  timers.sleep(ms, signal).then(
    () => {
      if (!signal.aborted) then();
    },
    () => undefined,
  );
  return () => controller.abort();
};
