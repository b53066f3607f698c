import type { Execution } from "../domain/execution.ts";
import type { StepId } from "../domain/ids.ts";
import type { Step } from "../domain/step.ts";

type Steps = Execution["steps"];

/** A list of a record's steps, what was written since it was made, and where each step stands, found when that is needed. */
type Listed = { list: readonly Step[]; written: Step[]; readonly places: { of: ReadonlyMap<StepId, number> | null } };

/**
 * Lists of the steps of executions. To list a large record takes longer than to look through the list, so it is listed once in a decision, and what is
 * written goes into a copy of the list: whoever goes through a list meanwhile goes on with what was there.
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
    /** A step was written into a record that was `before` until now, and may be a copy of it. */
    written: (before: Steps, after: Steps, step: Step): void => {
      const listed = lists.get(before);
      if (!listed) return;
      if (before === after) listed.written.push(step);
      else lists.set(after, { list: listed.list, written: [...listed.written, step], places: listed.places });
    },
  };
};
