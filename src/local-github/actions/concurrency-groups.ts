/** One who waits for a group's turn: a run, or a job of one. */
export type ConcurrencyWaiter = {
  readonly run: number;
  /** Its turn: it holds the group until it calls `release`. */
  readonly start: () => void;
  /** It is no longer wanted: a pending one never starts, a running one is asked to end. */
  readonly cancel: (why: string) => void;
};

export type GroupSettings = { readonly group: string; readonly cancelInProgress: boolean; readonly queue: "single" | "max" };

/** The concurrency groups of one repository: by GitHub's rules one runs and one waits; with `queue: max` a hundred wait. */
export type ConcurrencyGroups = {
  /** Takes a place in the group; the function that it returns gives it back, running or not. */
  enter(settings: GroupSettings, waiter: ConcurrencyWaiter): () => void;
};

type ConcurrencyGroup = { running: ConcurrencyWaiter | null; pending: ConcurrencyWaiter[] };

const MAX_PENDING_WAITERS = 100;

const cancelWaiters = (waiters: readonly ConcurrencyWaiter[], why: string): void => {
  for (const waiter of waiters) waiter.cancel(why);
};

const queueWaiter = (group: ConcurrencyGroup, settings: GroupSettings, waiter: ConcurrencyWaiter): void => {
  const name = settings.group;
  if (group.running?.run === waiter.run) return waiter.cancel(`a deadlock was detected for concurrency group '${name}'`);
  if (settings.queue === "max") {
    if (group.pending.length >= MAX_PENDING_WAITERS)
      return waiter.cancel(`${MAX_PENDING_WAITERS} are already pending in concurrency group '${name}'`);
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
      // Names are not case-sensitive, on GitHub too.
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
