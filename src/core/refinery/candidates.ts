import type { Sha, TaskId } from "../domain/ids.ts";
import type { ChainLink } from "../domain/query.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue, type QueueItem, type VerifyRun } from "../domain/queue.ts";
import { refuse, type Refusal } from "../domain/refusal.ts";
import type { Chain } from "./chains.ts";
import { mergeOf, type RefineryState } from "./state.ts";

/** Whether it conflicts with the base as well is asked again once that has moved. */
const behind: Refusal = refuse(
  "conflict-ahead",
  "It conflicts with a step that is ahead of it in the queue, and waits for that to land.",
  "/enki status",
).refusal;

/** Once more was red than is forgiven, another run tells nothing: who is to blame is found out elsewhere. */
const isWorthAnother = (candidate: Candidate, retries: number): boolean =>
  !isGreen(candidate) && !isBeingVerified(candidate) && (candidate.items.length === 0 || candidate.runs.length <= retries);

type Built = Pick<Candidate, "commit" | "tree" | "items">;

/** Candidates as they will be: what is wanted is merged, and a run is asked for. What gave way and is wanted all the same goes on. */
export const openCandidates = (state: RefineryState, queue: Queue, gaveWay: readonly Candidate[]) => {
  const candidates = [...queue.candidates];
  const items = new Map(queue.items.map((item) => [item.task, item]));
  const entrants = new Map(state.entrants.map((each) => [each.task, each]));
  const conflicting: TaskId[] = [];
  const put = (built: Built): void => {
    const at = candidates.findIndex(({ commit }) => commit === built.commit);
    const there = candidates[at];
    if (!there) candidates.push(gaveWay.find(({ commit }) => commit === built.commit) ?? newCandidate(state, queue, built));
    else if (isWorthAnother(there, state.retries))
      candidates[at] = { ...there, runs: [...there.runs, newRun(state, built.commit, there.runs)] };
  };
  const skip = (task: TaskId): void => {
    conflicting.push(task);
    const item = items.get(task);
    if (item && item.state !== "resolving") items.set(task, { ...item, mergedAgainst: null, refusal: behind });
  };
  return {
    verifyBase: (): void => put({ commit: state.tip, tree: "", items: [] }),
    verify: (chain: Chain): void => {
      const wanted = chain.add.map(({ task }) => entrants.get(task)).filter((each) => each !== undefined);
      if (chain.ends.size === 0 || wanted.length < chain.add.length) return;
      const merges = wanted.slice(0, Math.max(...chain.ends) + 1).map((each) => mergeOf(each));
      const links = state.chain({ kind: "merge-chain", onto: chain.root?.commit ?? state.tip, merges });
      for (const built of links ? prefixes(chain, links, skip) : []) put(built);
    },
    /** Steps that could not be merged where they were wanted. */
    conflicting: (): readonly TaskId[] => conflicting,
    queue: (): Queue => ({ ...queue, items: [...items.values()], candidates }),
  };
};

/** The parts of a chain for which runs are wanted. What could not be merged is missing in them. */
const prefixes = ({ root, add, ends }: Chain, links: readonly ChainLink[], skip: (task: TaskId) => void): Built[] => {
  const merged = [...(root?.items ?? [])];
  const built: Built[] = [];
  let last: Extract<ChainLink, { kind: "merged" }> | null = null;
  links.forEach((link, at) => {
    const item: QueueItem | undefined = add[at];
    if (!item) return;
    if (link.kind === "merged") {
      last = link;
      merged.push({ task: item.task, head: item.head, merge: link.commit });
    } else skip(item.task);
    if (!ends.has(at) || !last) return;
    built.push({ commit: last.commit, tree: last.tree, items: [...merged] });
    last = null;
  });
  return built;
};

const newRun = ({ now, timeout, attempts }: RefineryState, commit: Sha, before: readonly VerifyRun[]): VerifyRun => ({
  attempt: Math.max(attempts(commit), ...before.map(({ attempt }) => attempt)) + 1,
  notBefore: 0,
  deadline: now + timeout,
  verdict: null,
});

/** A candidate with the same content as one that was green is green, where the rules allow that. */
const newCandidate = (state: RefineryState, queue: Queue, built: Built): Candidate => {
  const known = state.reuse && queue.verifiedTrees.includes(built.tree);
  const green: VerifyRun = { attempt: 0, notBefore: 0, deadline: null, verdict: "green" };
  return { ...built, onto: state.tip, runs: [known ? green : newRun(state, built.commit, [])], faults: 0, log: "" };
};
