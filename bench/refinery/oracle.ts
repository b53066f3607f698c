import type { Commit, Head } from "./commits.ts";
import { isGreen, type Policy, reds, type View } from "./policy.ts";

/**
 * Knows which steps are bad, also which of two is red with what is ahead of it; not which runs will flake. It plays by the rules of all: the same slots and
 * durations, nothing lands that was not green, and a bad step goes back to its author with a red run of its own to show (the limit of the study:
 * ready + check + fix + check). What its knowledge saves: no bad step is ever ahead of a good one, one red run is enough to eject, and a red run
 * of good steps is known as a flake. So all good steps are one prefix, a single run of its end verifies all of them, and a slot is taken only for an end that is not running yet.
 * With a retry, a bad step needs two red runs, one after the other.
 * It is tried with the good first and with the bad first where slots are scarce; the shorter history of the two counts.
 */
export const oracle = (isFirst: "good" | "bad", retries = 0): Policy => {
  /** Where each bad head was first seen to be bad: that run is never stale. */
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
