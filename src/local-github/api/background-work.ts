import type { TimerStarter } from "../../storage/git/run-git.ts";
import type { BackgroundWork } from "./forge-state.ts";

/** A timer with a promise: true after the delay, false if cancelled. */
const startTimer = (after: TimerStarter, delay: number): { readonly fired: Promise<boolean>; readonly cancelTimer: () => void } => {
  let cancelTimer = (): void => undefined;
  const fired = new Promise<boolean>((resolve) => {
    const cancel = after(delay, () => resolve(true));
    cancelTimer = () => {
      cancel();
      resolve(false);
    };
  });
  return { fired, cancelTimer: () => cancelTimer() };
};

/** Runs background tasks of a queue in order. `waitUntilIdle` waits for all tasks and throws their failures. */
export const createBackgroundWork = (after: TimerStarter, finished: () => unknown = () => undefined): BackgroundWork => {
  const queues = new Map<string, Promise<void>>();
  const open = new Set<Promise<void>>();
  const timers = new Set<() => void>();
  const faults: unknown[] = [];
  let closed = false;

  const settle = (safe: Promise<void>): void => {
    open.delete(safe);
    finished();
  };
  const track = (promise: Promise<void>): Promise<void> => {
    const safe = promise.catch((fault: unknown) => void faults.push(fault)).finally(() => settle(safe));
    open.add(safe);
    return safe;
  };

  return {
    runInOrder: (queue, task) => {
      const next = (queues.get(queue) ?? Promise.resolve()).then(() => (closed ? undefined : task()));
      const safe = track(next);
      queues.set(queue, safe);
      return safe;
    },
    runLater: (delay, task) => {
      if (closed) return;
      const { fired, cancelTimer } = startTimer(after, delay);
      timers.add(cancelTimer);
      void track(
        fired.then(async (now) => {
          timers.delete(cancelTimer);
          if (now && !closed) await task();
        }),
      );
    },
    waitUntilIdle: async () => {
      while (open.size > 0) await Promise.all(open);
      if (faults.length > 0) throw new AggregateError(faults.splice(0), "Background work of the local GitHub failed.");
    },
    close: () => {
      closed = true;
      for (const cancelTimer of timers) cancelTimer();
    },
  };
};
