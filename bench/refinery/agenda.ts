/** Events by virtual time in a binary heap. Events of the same time keep the order in which they were added. */
export type Agenda<T> = {
  readonly add: (time: number, what: T) => void;
  /** Removes and returns all events of the next time. */ readonly next: () => {
    readonly time: number;
    readonly what: readonly T[];
  } | null;
  /** Whether an event is left for this time. */ readonly isDue: (time: number) => boolean;
};

type Entry<T> = { readonly time: number; readonly order: number; readonly what: T };

/** Sums of the same durations can differ in their last bits. */
const SAME = 1e-9;

export const agenda = <T>(): Agenda<T> => {
  const heap: Entry<T>[] = [];
  let order = 0;
  const isDue = (time: number): boolean => heap[0] !== undefined && heap[0].time <= time + SAME;
  return {
    isDue,
    add: (time, what) => push(heap, { time, order: (order += 1), what }),
    next: () => {
      const first = pop(heap);
      if (!first) return null;
      const what = [first.what];
      while (isDue(first.time)) {
        const more = pop(heap);
        if (more) what.push(more.what);
      }
      return { time: first.time, what };
    },
  };
};

const isBefore = <T>(a: Entry<T> | undefined, b: Entry<T> | undefined): boolean =>
  a !== undefined && b !== undefined && (a.time < b.time || (a.time === b.time && a.order < b.order));

const swap = <T>(heap: Entry<T>[], a: number, b: number): void => {
  const [first, second] = [heap[a], heap[b]];
  if (first && second) [heap[a], heap[b]] = [second, first];
};

const push = <T>(heap: Entry<T>[], entry: Entry<T>): void => {
  heap.push(entry);
  for (let at = heap.length - 1; at > 0;) {
    const above = (at - 1) >> 1;
    if (!isBefore(heap[at], heap[above])) return;
    swap(heap, at, above);
    at = above;
  }
};

const pop = <T>(heap: Entry<T>[]): Entry<T> | undefined => {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  heap[0] = last;
  for (let at = 0; ;) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    const least = isBefore(heap[right], heap[left]) ? right : left;
    if (!isBefore(heap[least], heap[at])) return first;
    swap(heap, at, least);
    at = least;
  }
};
