/** The runner's timer. `sleep` resolves after `ms` milliseconds. After an abort it resolves or rejects immediately. */
export type RunnerTimers = { sleep(ms: number, signal: AbortSignal): Promise<void> };

/** Calls `then` once after `ms` milliseconds, unless the returned function is called first. */
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
