import type { Execution } from "../domain/execution.ts";
import type { StepId } from "../domain/ids.ts";
import type { Step } from "../domain/step.ts";

type StepRecord = Execution["steps"];

/** A list of a record's steps, the steps written since, and the index of each step, computed when first needed. */
type StepListCache = { list: readonly Step[]; pendingWrites: Step[]; readonly places: { of: ReadonlyMap<StepId, number> | null } };

/**
 * Caches the lists of steps. Listing a large record takes longer than reading the list, so each record is listed once per decision. Writes
 * go to a copy, so a loop over a list continues with the steps it started with.
 */
export const openStepLists = () => {
  const lists = new WeakMap<StepRecord, StepListCache>();

  const listAgain = (steps: StepRecord): readonly Step[] => {
    const list = Object.values(steps);
    lists.set(steps, { list, pendingWrites: [], places: { of: null } });
    return list;
  };

  const refresh = (steps: StepRecord, listed: StepListCache): readonly Step[] => {
    const next = [...listed.list];
    const places = (listed.places.of ??= new Map(listed.list.map(({ id }, place) => [id, place])));
    for (const step of listed.pendingWrites) {
      const place = places.get(step.id);
      if (place === undefined) return listAgain(steps);
      next[place] = step;
    }
    listed.list = next;
    listed.pendingWrites = [];
    return next;
  };

  return {
    list: (steps: StepRecord): readonly Step[] => {
      const listed = lists.get(steps);
      if (!listed) return listAgain(steps);
      return listed.pendingWrites.length === 0 ? listed.list : refresh(steps, listed);
    },
    /** Records that a step was written: `after` is `before`, or a copy of it. */
    recordWrite: (before: StepRecord, after: StepRecord, step: Step): void => {
      const listed = lists.get(before);
      if (!listed) return;
      if (before === after) listed.pendingWrites.push(step);
      else lists.set(after, { list: listed.list, pendingWrites: [...listed.pendingWrites, step], places: listed.places });
    },
  };
};
