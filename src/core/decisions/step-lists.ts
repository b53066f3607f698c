import type { Execution } from "../domain/execution.ts";
import type { StepId } from "../domain/ids.ts";
import type { Step } from "../domain/step.ts";

type Steps = Execution["steps"];

/** A list of a record's steps, the steps written since, and the index of each step, computed when first needed. */
type Listed = { list: readonly Step[]; written: Step[]; readonly places: { of: ReadonlyMap<StepId, number> | null } };

/**
 * Caches the lists of steps. Listing a large record takes longer than reading the list, so each record is listed once per decision. Writes
 * go to a copy, so a loop over a list continues with the steps it started with.
 */
export const openStepLists = () => {
  const lists = new WeakMap<Steps, Listed>();

  const listAnew = (steps: Steps): readonly Step[] => {
    const list = Object.values(steps);
    lists.set(steps, { list, written: [], places: { of: null } });
    return list;
  };

  const refresh = (steps: Steps, listed: Listed): readonly Step[] => {
    const next = [...listed.list];
    const places = (listed.places.of ??= new Map(listed.list.map(({ id }, place) => [id, place])));
    for (const step of listed.written) {
      const place = places.get(step.id);
      if (place === undefined) return listAnew(steps);
      next[place] = step;
    }
    listed.list = next;
    listed.written = [];
    return next;
  };

  return {
    of: (steps: Steps): readonly Step[] => {
      const listed = lists.get(steps);
      if (!listed) return listAnew(steps);
      return listed.written.length === 0 ? listed.list : refresh(steps, listed);
    },
    /** Records that a step was written: `after` is `before`, or a copy of it. */
    written: (before: Steps, after: Steps, step: Step): void => {
      const listed = lists.get(before);
      if (!listed) return;
      if (before === after) listed.written.push(step);
      else lists.set(after, { list: listed.list, written: [...listed.written, step], places: listed.places });
    },
  };
};
