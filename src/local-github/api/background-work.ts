import type { TimerStarter } from "../../storage/git/run-git.ts";
import type { BackgroundWork } from "./forge-state.ts";

/** Runs background tasks of a queue in order. `waitUntilIdle` waits for all tasks and throws their failures. */
export const createBackgroundWork = (after: TimerStarter): BackgroundWork => {
  const queues = new Map<string, Promise<void>>();
  const open = new Set<Promise<void>>();
  const timers = new Set<() => void>();
  const faults: unknown[] = [];
  let closed = false;

  const track = (promise: Promise<void>): Promise<void> => {
    const safe = promise.catch((fault: unknown) => void faults.push(fault)).finally(() => open.delete(safe));
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
      let cancelTimer: () => void = () => undefined;
      const fired = new Promise<boolean>((resolve) => {
        const cancel = after(delay, () => resolve(true));
        cancelTimer = () => {
          cancel();
          resolve(false);
        };
      });
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
