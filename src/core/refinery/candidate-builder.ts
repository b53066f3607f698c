import type { Sha, TaskId } from "../domain/ids.ts";
import type { ChainLink } from "../domain/query.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue, type QueueItem, type VerifyRun } from "../domain/queue.ts";
import { refuse, type Refusal } from "../domain/refusal.ts";
import type { PlannedChain } from "./planned-chain.ts";
import { toChainMerge, type RefineryState } from "./refinery-state.ts";

/** Whether it conflicts with the base as well is asked again once that has moved. */
const CONFLICT_AHEAD: Refusal = refuse(
  "conflict-ahead",
  "It conflicts with a step that is ahead of it in the queue, and waits for that to land.",
  "/enki status",
).refusal;

/** Once more was red than is forgiven, another run tells nothing: who is to blame is found out elsewhere. */
const isWorthRetrying = (candidate: Candidate, retries: number): boolean =>
  !isGreen(candidate) && !isBeingVerified(candidate) && (candidate.items.length === 0 || candidate.runs.length <= retries);

type BuiltCandidate = Pick<Candidate, "commit" | "tree" | "items">;

/** Candidates as they will be: what is wanted is merged, and a run is asked for. What gave way and is wanted all the same goes on. */
export const openCandidateBuilder = (state: RefineryState, queue: Queue, gaveWay: readonly Candidate[]) => {
  const candidates = [...queue.candidates];
  const items = new Map(queue.items.map((item) => [item.task, item]));
  const entrants = new Map(state.entrants.map((each) => [each.task, each]));
  const conflicting: TaskId[] = [];
  const put = (built: BuiltCandidate): void => {
    const at = candidates.findIndex(({ commit }) => commit === built.commit);
    const there = candidates[at];
    if (!there) candidates.push(gaveWay.find(({ commit }) => commit === built.commit) ?? createCandidate(state, queue, built));
    else if (isWorthRetrying(there, state.retries))
      candidates[at] = { ...there, runs: [...there.runs, createVerifyRun(state, built.commit, there.runs)] };
  };
  const skip = (task: TaskId): void => {
    conflicting.push(task);
    const item = items.get(task);
    if (item && item.state !== "resolving") items.set(task, { ...item, mergedAgainst: null, refusal: CONFLICT_AHEAD });
  };
  return {
    verifyBase: (): void => put({ commit: state.tip, tree: "", items: [] }),
    verify: (chain: PlannedChain): void => {
      const wanted = chain.added.map(({ task }) => entrants.get(task)).filter((each) => each !== undefined);
      if (chain.runsAfter.size === 0 || wanted.length < chain.added.length) return;
      const merges = wanted.slice(0, Math.max(...chain.runsAfter) + 1).map((each) => toChainMerge(each));
      const links = state.mergeChain({ kind: "merge-chain", onto: chain.root?.commit ?? state.tip, merges });
      for (const built of links ? buildPrefixes(chain, links, skip) : []) put(built);
    },
    /** Steps that could not be merged where they were wanted. */
    conflicting: (): readonly TaskId[] => conflicting,
    queue: (): Queue => ({ ...queue, items: [...items.values()], candidates }),
  };
};

/** The parts of a chain for which runs are wanted. What could not be merged is missing in them. */
const buildPrefixes = (
  { root, added, runsAfter }: PlannedChain,
  links: readonly ChainLink[],
  skip: (task: TaskId) => void,
): BuiltCandidate[] => {
  const merged = [...(root?.items ?? [])];
  const built: BuiltCandidate[] = [];
  let last: Extract<ChainLink, { kind: "merged" }> | null = null;
  links.forEach((link, at) => {
    const item: QueueItem | undefined = added[at];
    if (!item) return;
    if (link.kind === "merged") {
      last = link;
      merged.push({ task: item.task, head: item.head, merge: link.commit });
    } else skip(item.task);
    if (!runsAfter.has(at) || !last) return;
    built.push({ commit: last.commit, tree: last.tree, items: [...merged] });
    last = null;
  });
  return built;
};

const createVerifyRun = ({ now, timeoutMs, attemptsOf }: RefineryState, commit: Sha, before: readonly VerifyRun[]): VerifyRun => ({
  attempt: Math.max(attemptsOf(commit), ...before.map(({ attempt }) => attempt)) + 1,
  notBefore: 0,
  deadline: now + timeoutMs,
  verdict: null,
});

/** A candidate with the same content as one that was green is green, where the rules allow that. */
const createCandidate = (state: RefineryState, queue: Queue, built: BuiltCandidate): Candidate => {
  const known = state.reusesVerdicts && queue.verifiedTrees.includes(built.tree);
  const green: VerifyRun = { attempt: 0, notBefore: 0, deadline: null, verdict: "green" };
  return { ...built, onto: state.tip, runs: [known ? green : createVerifyRun(state, built.commit, [])], faults: 0, log: "" };
};
