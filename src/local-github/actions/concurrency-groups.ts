/** A run, or a job of a run, that waits for a concurrency group. */
export type ConcurrencyWaiter = {
  readonly run: number;
  /** Called when it holds the group. It must leave the group afterwards. */
  readonly start: () => void;
  /** Called when another waiter replaces it: a pending waiter never starts, a running one is asked to stop. */
  readonly cancel: (reason: string) => void;
};

export type GroupSettings = { readonly group: string; readonly cancelInProgress: boolean; readonly queue: "single" | "max" };

/**
 * The concurrency groups of one repository. As on GitHub, one member runs and one waits, or a hundred with `queue:
 * max`.
 */
export type ConcurrencyGroups = {
  /** Enters the group. The returned function leaves it, whether the waiter is pending or running. */
  enter(settings: GroupSettings, waiter: ConcurrencyWaiter): () => void;
};

type ConcurrencyGroup = { running: ConcurrencyWaiter | null; pending: ConcurrencyWaiter[] };

const MAX_PENDING_WAITERS = 100;

const cancelWaiters = (waiters: readonly ConcurrencyWaiter[], reason: string): void => {
  for (const waiter of waiters) waiter.cancel(reason);
};

const queueWaiter = (group: ConcurrencyGroup, settings: GroupSettings, waiter: ConcurrencyWaiter): void => {
  const name = settings.group;
  if (group.running?.run === waiter.run) return waiter.cancel(`a deadlock was detected for concurrency group '${name}'`);
  if (settings.queue === "max") {
    if (group.pending.length >= MAX_PENDING_WAITERS)
      return waiter.cancel(`${MAX_PENDING_WAITERS} requests are already pending in concurrency group '${name}'`);
    group.pending.push(waiter);
    return;
  }
  const replaced = group.pending;
  group.pending = [waiter];
  cancelWaiters(replaced, `a higher priority waiting request for '${name}' exists`);
  if (settings.cancelInProgress) group.running?.cancel(`a higher priority waiting request for '${name}' exists`);
};

export const createConcurrencyGroups = (): ConcurrencyGroups => {
  const groups = new Map<string, ConcurrencyGroup>();

  const leave = (key: string, waiter: ConcurrencyWaiter): void => {
    const group = groups.get(key);
    if (!group) return;
    group.pending = group.pending.filter((other) => other !== waiter);
    if (group.running !== waiter) return;
    group.running = group.pending.shift() ?? null;
    if (group.running) group.running.start();
    else groups.delete(key);
  };

  return {
    enter: (settings, waiter) => {
      // Group names are not case-sensitive, as on GitHub.
      const key = settings.group.toLowerCase();
      const group = groups.get(key) ?? { running: null, pending: [] };
      groups.set(key, group);
      if (group.running) queueWaiter(group, settings, waiter);
      else {
        group.running = waiter;
        waiter.start();
      }
      return () => leave(key, waiter);
    },
  };
};
