import type { Commit, Head } from "./commits.ts";
import type { Policy, View } from "./policy.ts";

/**
 * Batches with bisection, after the README of bors-ng. All waiting heads become a batch, and one batch runs at a time. A green batch lands. A red
 * batch is split into halves, the first no smaller than the second, which queue up behind the other batches. A red batch of one goes back to its author.
 * Rules on which the documentation is silent: a batch takes at most `size` heads; split batches come before newer heads; a head that cannot be merged
 * into a batch becomes a batch of its own without a run; a batch waits for the needs of its members; only a batch of one is retried; after a push to
 * the base, the running batch is formed again at once.
 */
export const bors = (retries: number, size = 8): Policy => {
  let batches: Head[][] = [];
  let current: { readonly members: readonly Head[]; readonly onto: Commit; readonly commit: Commit; readonly before: number } | null = null;
  const decide: Policy["decide"] = (view) => {
    batches = batches.map((batch) => batch.filter((head) => view.queue.includes(head))).filter((batch) => batch.length > 0);
    if (current?.members.some((head) => !view.queue.includes(head))) current = null;
    if (current && current.onto !== view.tip) {
      batches.unshift([...current.members]);
      current = null;
    }
    if (!current) {
      const next = form(view, batches, size);
      batches = next.batches;
      if (next.unmergeable) return { land: null, eject: [{ head: next.unmergeable, why: "conflict", at: view.tip }], want: [] };
      if (!next.commit) return { land: null, eject: [], want: [] };
      current = { members: next.members, onto: view.tip, commit: next.commit, before: view.check(next.commit)?.verdicts.length ?? 0 };
    }
    const { members, commit, before } = current;
    // Each batch runs, even if the same heads were the end of a red batch.
    const found = view.check(commit)?.verdicts.slice(before) ?? [];
    const [only] = members;
    if (found.includes("green")) {
      current = null;
      return { land: commit, eject: [], want: [] };
    }
    if (only && members.length === 1 && found.length > retries) {
      current = null;
      return { land: null, eject: [{ head: only, why: "red", at: commit }], want: [] };
    }
    if (members.length > 1 && found.length > 0) {
      const half = Math.ceil(members.length / 2);
      batches.push(members.slice(0, half), members.slice(half));
      current = null;
      return decide(view);
    }
    return { land: null, eject: [], want: [commit] };
  };
  return { decide };
};

type Formed = {
  readonly batches: Head[][];
  readonly members: readonly Head[];
  readonly commit: Commit | null;
  readonly unmergeable: Head | null;
};

/** The next batch as a commit on the base, and the remaining batches. */
const form = (view: View, waiting: readonly Head[][], size: number): Formed => {
  const taken = new Set(waiting.flat());
  const fresh = view.queue.filter((head) => !taken.has(head)).slice(0, size);
  const all = [...waiting, ...(fresh.length > 0 ? [fresh] : [])];
  for (const [at, batch] of all.entries()) {
    const { members, apart, commit } = gather(view, batch);
    const [first] = apart;
    if (members.length === 0 && first && isFree(view, first, new Set()))
      return { batches: without(waiting, batch), members, commit: null, unmergeable: first };
    if (members.length === 0) continue;
    const rest = all.toSpliced(at, 1).filter((each) => each !== fresh);
    return { batches: [...rest, ...apart.map((head) => [head])], members, commit, unmergeable: null };
  }
  return { batches: [...waiting], members: [], commit: null, unmergeable: null };
};

const without = (batches: readonly Head[][], batch: readonly Head[]): Head[][] => batches.filter((each) => each !== batch);

const gather = (view: View, batch: readonly Head[]): { members: Head[]; apart: Head[]; commit: Commit } => {
  const members: Head[] = [];
  const apart: Head[] = [];
  let commit = view.tip;
  const inside = new Set<number>();
  for (const head of batch) {
    const merged = isFree(view, head, inside) ? view.merge(commit, head) : null;
    if (merged) {
      commit = merged;
      members.push(head);
      inside.add(head.step);
    } else apart.push(head);
  }
  return { members, apart, commit };
};

/** Whether all needs of a head have landed or are in this batch. */
const isFree = ({ needs, queue }: View, head: Head, inside: ReadonlySet<number>): boolean =>
  needs(head.step).every((need) => inside.has(need) || !queue.some(({ step }) => step === need));
