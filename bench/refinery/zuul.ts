import type { Commit, Head } from "./commits.ts";
import { isGreen, type Policy, reds, type View } from "./policy.ts";

/**
 * Zuul's dependent pipeline after its documentation ("Project Gating"): the first `window` changes of the queue are run side by side, each on top of what is ahead
 * of it; when one fails, those behind are run again on the nearest one ahead that does not fail; a failing change is reported and dropped once nothing
 * ahead of it is left to wait for, and with it what depends on it. Where the documentation is silent, or Zuul would be slower, it is given the better of it:
 * the window never shrinks (it is as many changes as there are slots), a green prefix lands at once, the work of Zuul itself takes no time.
 * A change that cannot be merged with those ahead waits until they are gone, since it is reported against the branch. A retry is the job's own: the same
 * commit is run again before the change counts as failing, and those behind keep building on it meanwhile.
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
