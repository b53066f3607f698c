/** Limits the number of jobs that run at the same time on this machine. */
export type JobSlots = {
  /** Calls `start` when a slot is free. The returned function frees the slot or leaves the queue. */
  enter(start: () => void): () => void;
};

export const createJobSlots = (count: number): JobSlots => {
  const taken = new Set<object>();
  const waiting = new Map<object, () => void>();
  const next = (): void => {
    for (const [key, start] of waiting) {
      if (taken.size >= count) return;
      waiting.delete(key);
      taken.add(key);
      start();
    }
  };
  return {
    enter: (start) => {
      const key = {};
      waiting.set(key, start);
      next();
      return () => {
        waiting.delete(key);
        if (taken.delete(key)) next();
      };
    },
  };
};
