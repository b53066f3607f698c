import type { TimerStarter } from "../../storage/git/run.ts";
import type { BackgroundWork } from "./forge-state.ts";

/** Keeps what goes on in the background in order, and tells when all of it is over. */
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
      let take: () => void = () => undefined;
      const fired = new Promise<boolean>((resolve) => {
        const cancel = after(delay, () => resolve(true));
        take = () => {
          cancel();
          resolve(false);
        };
      });
      timers.add(take);
      void track(
        fired.then(async (now) => {
          timers.delete(take);
          if (now && !closed) await task();
        }),
      );
    },
    settled: async () => {
      while (open.size > 0) await Promise.all(open);
      if (faults.length > 0) throw new AggregateError(faults.splice(0), "the forge failed in the background");
    },
    close: () => {
      closed = true;
      for (const take of timers) take();
    },
  };
};
