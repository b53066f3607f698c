import { type Policy, reds, isGreen } from "./policy.ts";

/**
 * One step at a time in the order of the queue, as in the seed: the first step is merged onto the base, verified and landed, or returns to its author if
 * red. Conflicts are found at the turn of a step, and the merger works while other steps land. With retries, a red run is repeated at once.
 */
export const serial = (retries: number): Policy => ({
  decide: ({ queue, tip, merge, check }) => {
    const [head] = queue;
    if (!head) return { land: null, eject: [], want: [] };
    const commit = merge(tip, head);
    if (!commit) return { land: null, eject: [{ head, why: "conflict", at: tip }], want: [] };
    const found = check(commit);
    if (isGreen(found)) return { land: commit, eject: [], want: [] };
    if (reds(found) > retries) return { land: null, eject: [{ head, why: "red", at: commit }], want: [] };
    return { land: null, eject: [], want: [commit] };
  },
});
