import type { Commit, Head } from "./commits.ts";
import { isGreen, type Policy, reds, type View } from "./policy.ts";

/**
 * A policy that knows which steps are bad, alone or together with the steps ahead, but not which runs will flake. The rules of all policies apply: the
 * same slots and durations, only green commits land, and a bad step returns to its author after a red run of its own (the limit of the study:
 * ready + check + fix + check). Its knowledge saves time: no bad step is ever ahead of a good one, one red run is enough to eject, and a red run
 * of good steps is known to be a flake. All good steps form one prefix, so one run of its end verifies all of them, and needs a slot only once.
 * With a retry, a bad step needs two red runs, one after the other.
 * The oracle plays each history twice, with good steps first and with bad steps first when slots are scarce. The shorter history counts.
 */
export const oracle = (isFirst: "good" | "bad", retries = 0): Policy => {
  /** The commit of the first red run of each bad head. */
  const evidence = new Map<Head, Commit>();
  return {
    decide: (view) => {
      const { good, guilty, conflict } = sort(view);
      if (conflict) return { land: null, eject: [conflict], want: [] };
      for (const { head, at } of guilty) if (!evidence.has(head)) evidence.set(head, at);
      const proofs = guilty.map(({ head, at }) => ({ head, at: evidence.get(head) ?? at }));
      const proved = proofs.filter(({ at }) => reds(view.check(at)) > retries);
      if (proved.length > 0) return { land: null, eject: proved.map(({ head, at }) => ({ head, at, why: "red" as const })), want: [] };
      const land = good.findLast((commit) => isGreen(view.check(commit))) ?? null;
      const isRunning = (commit: Commit): boolean => (view.check(commit)?.running ?? 0) > 0;
      const runs = [...good, ...proofs.map(({ at }) => at)].filter((commit) => isRunning(commit));
      const ends = good.slice(-1).filter((commit) => !isRunning(commit));
      const wanted = proofs.map(({ at }) => at).filter((commit) => !isRunning(commit));
      return { land, eject: [], want: isFirst === "good" ? [...runs, ...ends, ...wanted] : [...runs, ...wanted, ...ends] };
    },
  };
};

type Sorted = {
  readonly good: readonly Commit[];
  readonly guilty: readonly { readonly head: Head; readonly at: Commit }[];
  readonly conflict: { readonly head: Head; readonly why: "conflict"; readonly at: Commit } | null;
};

const sort = (view: View): Sorted => {
  const good: Commit[] = [];
  const guilty: { head: Head; at: Commit }[] = [];
  const out = new Set<number>();
  let at = view.tip;
  for (const head of view.queue) {
    if (view.needs(head.step).some((need) => out.has(need))) {
      out.add(head.step);
      continue;
    }
    const commit = view.merge(at, head);
    if (!commit) return { good, guilty, conflict: { head, why: "conflict", at } };
    if (commit.red) {
      out.add(head.step);
      guilty.push({ head, at: commit });
    } else good.push((at = commit));
  }
  return { good, guilty, conflict: null };
};
