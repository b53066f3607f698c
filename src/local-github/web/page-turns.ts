const MAX_AT_ONCE = 2;
const MAX_WAITING = 50;

/** Limits the pages rendered at the same time, because the process also coordinates; null if too many wait. */
export const openPageTurns = () => {
  const waiting: (() => void)[] = [];
  let running = 0;
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  };
  return <T>(render: () => Promise<T>): Promise<T> | null => {
    if (running >= MAX_AT_ONCE && waiting.length >= MAX_WAITING) return null;
    const turn = running < MAX_AT_ONCE ? Promise.resolve(void (running += 1)) : new Promise<void>((resolve) => void waiting.push(resolve));
    return turn.then(render).finally(leave);
  };
};

const MAX_READERS = 200;
const MAX_READERS_EACH = 20;

/** Counts the pages that follow changes, together and for each key; null if there are too many. */
export const openReaderCount = () => {
  const counts = new Map<string, number>();
  let all = 0;
  return (key: string): (() => void) | null => {
    const own = counts.get(key) ?? 0;
    if (all >= MAX_READERS || own >= MAX_READERS_EACH) return null;
    counts.set(key, own + 1);
    all += 1;
    return () => {
      all -= 1;
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    };
  };
};
