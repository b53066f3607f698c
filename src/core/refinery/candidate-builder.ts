import { UNKNOWN } from "../domain/known.ts";
import type { Sha, TaskId } from "../domain/ids.ts";
import type { ChainLink } from "../domain/query.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue, type QueueItem, type VerifyRun } from "../domain/queue.ts";
import { CONFLICT_AHEAD } from "../messages/queue-refusals.ts";
import type { PlannedChain } from "./planned-chain.ts";
import { toChainMerge, type RefineryState } from "./refinery-state.ts";

/** Whether another run adds information. After more red runs than are tolerated, other candidates find the bad step. */
const isWorthRetrying = (candidate: Candidate, retries: number): boolean =>
  !isGreen(candidate) && !isBeingVerified(candidate) && (candidate.items.length === 0 || candidate.runs.length <= retries);

type BuiltCandidate = Pick<Candidate, "commit" | "tree" | "items">;

/** Collects the next candidates of a queue: merges chains and adds runs. A stopped candidate that is wanted again continues its run. */
export const openCandidateBuilder = (state: RefineryState, queue: Queue, stopped: readonly Candidate[]) => {
  const candidates = [...queue.candidates];
  const items = new Map(queue.items.map((item) => [item.task, item]));
  const entrants = new Map(state.entrants.map((each) => [each.task, each]));
  const conflicting: TaskId[] = [];
  const addRun = (built: BuiltCandidate): void => {
    const at = candidates.findIndex(({ commit }) => commit === built.commit);
    const existing = candidates[at];
    if (!existing) candidates.push(stopped.find(({ commit }) => commit === built.commit) ?? createCandidate(state, queue, built));
    else if (isWorthRetrying(existing, state.retries))
      candidates[at] = { ...existing, runs: [...existing.runs, createVerifyRun(state, built.commit, existing.runs)] };
  };
  const skipConflict = (task: TaskId): void => {
    conflicting.push(task);
    const item = items.get(task);
    if (item && item.state !== "resolving") items.set(task, { ...item, mergedAgainst: null, refusal: CONFLICT_AHEAD });
  };
  return {
    verifyBase: (): void => addRun({ commit: state.tip, tree: "", items: [] }),
    verify: (chain: PlannedChain): void => {
      const entering = chain.added.map(({ task }) => entrants.get(task)).filter((each) => each !== undefined);
      if (chain.runsAfter.size === 0 || entering.length < chain.added.length) return;
      const merges = entering.slice(0, Math.max(...chain.runsAfter) + 1).map((each) => toChainMerge(each));
      const links = state.mergeChain({ kind: "merge-chain", onto: chain.root?.commit ?? state.tip, merges });
      for (const built of links === UNKNOWN ? [] : buildPrefixes(chain, links, skipConflict)) addRun(built);
    },
    /** Steps that could not be merged into their chain. */
    conflicting: (): readonly TaskId[] => conflicting,
    queue: (): Queue => ({ ...queue, items: [...items.values()], candidates }),
  };
};

/** The candidates of a chain that need a run, without the steps that conflict. */
const buildPrefixes = (
  { root, added, runsAfter }: PlannedChain,
  links: readonly ChainLink[],
  skipConflict: (task: TaskId) => void,
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
    } else skipConflict(item.task);
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

/** A candidate with a verified tree is green from the start, if verdicts may be reused. */
const createCandidate = (state: RefineryState, queue: Queue, built: BuiltCandidate): Candidate => {
  const isVerified = state.reusesVerdicts && queue.verifiedTrees.includes(built.tree);
  const green: VerifyRun = { attempt: 0, notBefore: 0, deadline: null, verdict: "green" };
  return { ...built, onto: state.tip, runs: [isVerified ? green : createVerifyRun(state, built.commit, [])], faults: 0, log: "" };
};
