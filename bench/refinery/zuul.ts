import type { Commit, Head } from "./commits.ts";
import { isGreen, type Policy, reds, type View } from "./policy.ts";

/**
 * Zuul's dependent pipeline after its documentation ("Project Gating"). The first `window` changes of the queue run side by side, each on top of the
 * changes ahead. When a change fails, the changes behind run again on the nearest change ahead that has not failed. A failing change is reported and
 * dropped, together with its dependents, once no change ahead is undecided. If the documentation is silent, or Zuul would be slower, the simulation is in
 * Zuul's favour: the window never shrinks (it equals the number of slots), a green prefix lands at once, and Zuul's own work takes no time.
 * A change that cannot be merged with the changes ahead waits until they are gone, since conflicts are reported against the branch. A retry belongs to
 * the job: the same commit runs again before the change counts as failing, and the changes behind build on it in the meantime.
 */
export const zuul = (retries: number, window?: number): Policy => ({
  decide: (view) => {
    const line = follow(view, retries, window ?? view.slots);
    return line.eject ? { land: null, eject: [line.eject], want: [] } : { land: line.land, eject: [], want: line.want };
  },
});

type Line = {
  readonly land: Commit | null;
  readonly eject: { readonly head: Head; readonly why: "red" | "conflict"; readonly at: Commit } | null;
  readonly want: Commit[];
};

const follow = (view: View, retries: number, window: number): Line => {
  const failing = new Set<number>();
  const want: Commit[] = [];
  let [at, land]: [Commit, Commit | null] = [view.tip, null];
  let isLandable = true;
  for (const head of view.queue.slice(0, window)) {
    if (view.needs(head.step).some((need) => failing.has(need))) {
      failing.add(head.step);
      continue;
    }
    const commit = view.merge(at, head);
    const found = commit ? view.check(commit) : undefined;
    if (!commit || (!isGreen(found) && reds(found) > retries)) {
      const why = commit ? "red" : "conflict";
      if (at === view.tip) return { land: null, eject: { head, why, at: commit ?? at }, want };
      failing.add(head.step);
      isLandable = false;
      continue;
    }
    at = commit;
    if (!isGreen(found)) {
      isLandable = false;
      want.push(commit);
    } else if (isLandable) land = commit;
  }
  return { land, eject: null, want };
};
