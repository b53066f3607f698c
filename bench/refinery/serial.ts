import { type Policy, reds, isGreen } from "./policy.ts";

/**
 * One at a time in the order of the queue, as the seed does: the first step is merged onto the base, verified and landed; red it goes back to its author.
 * A conflict is found when its turn comes, and its merger works while the others land. With retries it is run again at once before it is blamed.
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
