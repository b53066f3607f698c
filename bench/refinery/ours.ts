import type { Sha, TaskId } from "../../src/model/ids.ts";
import type { Answers, Query } from "../../src/model/query.ts";
import { type Candidate, emptyQueue, type Queue } from "../../src/model/queue.ts";
import { plan, type RefineryPlan, type RefineryState } from "../../src/refinery/plan.ts";
import { type Commit, type Head, sha } from "./commits.ts";
import type { Ejection, Policy, View } from "./policy.ts";

/** A verify run in the product's milliseconds. */
const CHECK_MS = 600_000;

/**
 * The product's own `plan`, driven as the coordinator drives it: heads that are ready are its entrants, its candidates without a verdict are the runs that it wants,
 * the end of a run is written into its candidate, and it is asked again until it has nothing more to say. Git's answers come from the in-memory commit graph.
 */
export const ours = (_retries: number): Policy => {
  const memory: Memory = { commits: new Map(), heads: new Map(), begun: new Map() };
  let queue = emptyQueue;
  return {
    decide: (view) => {
      learn(memory, view);
      queue = { ...queue, candidates: queue.candidates.map((candidate) => judged(memory, view, candidate)) };
      for (;;) {
        const before = queue;
        const planned = plan(state(memory, view, queue));
        queue = planned.queue;
        if (queue.frozen) throw new Error(`The refinery froze: ${queue.frozen.why}`);
        const eject = planned.ejected.flatMap((each) => ejection(memory, { view, queue: before }, each));
        if (planned.land) return { land: memory.commits.get(planned.land.commit) ?? null, eject, want: [] };
        if (eject.length > 0 || queue === before) return { land: null, eject, want: wanted(memory, view, queue) };
      }
    },
  };
};

type Memory = {
  readonly commits: Map<Sha, Commit>;
  readonly heads: Map<Sha, Head>;
  /** How many verdicts a commit had when an attempt began: its own is the next. */ readonly begun: Map<string, number>;
};

const EXECUTION = "abc123";
const task = (head: Head): TaskId => `${EXECUTION}-s${head.step}`;
const headSha = (head: Head): Sha => sha(1, head.id);

const learn = ({ commits, heads }: Memory, { tip, queue }: View): void => {
  commits.set(tip.sha, tip);
  for (const head of queue) heads.set(headSha(head), head);
};

const state = (memory: Memory, view: View, queue: Queue): RefineryState => ({
  now: Math.round(view.now * CHECK_MS),
  base: "main",
  tip: view.tip.sha,
  queue,
  entrants: free(view).map((head) => ({ task: task(head), head: headSha(head), message: "", held: null })),
  parallel: view.slots,
  maxAttempts: 3,
  attempts: (commit) => {
    const found = memory.commits.get(commit);
    return found ? (view.check(found)?.verdicts.length ?? 0) : 0;
  },
  merged: (query) => merged(memory, view, query),
});

const merged = ({ commits, heads }: Memory, view: View, query: Extract<Query, { kind: "candidate" }>): Answers["candidate"] | undefined => {
  let at = commits.get(query.onto);
  const merges: Sha[] = [];
  for (const each of query.merges) {
    const head = heads.get(each.head);
    if (!at || !head) return undefined;
    const next = view.merge(at, head);
    if (!next) return { kind: "conflict", task: each.task, paths: ["file"] };
    commits.set(next.sha, next);
    merges.push(next.sha);
    at = next;
  }
  return { kind: "commits", merges };
};

/** What the end of its run makes of a candidate. */
const judged = ({ commits, begun }: Memory, view: View, candidate: Candidate): Candidate => {
  const commit = commits.get(candidate.commit);
  if (candidate.verdict !== null || !commit) return candidate;
  const verdict = view.check(commit)?.verdicts[begun.get(`${candidate.commit}#${candidate.attempt}`) ?? Infinity];
  return verdict ? { ...candidate, verdict, until: null, log: verdict } : candidate;
};

const wanted = ({ commits, begun }: Memory, view: View, { candidates }: Queue): Commit[] =>
  candidates.flatMap(({ commit, attempt, verdict }) => {
    const found = commits.get(commit);
    if (verdict !== null || !found) return [];
    const key = `${commit}#${attempt}`;
    if (!begun.has(key)) begun.set(key, view.check(found)?.verdicts.length ?? 0);
    return [found];
  });

const ejection = (
  { commits, heads }: Memory,
  { view, queue }: { view: View; queue: Queue },
  { task, head, why }: RefineryPlan["ejected"][number],
): Ejection[] => {
  const found = heads.get(head);
  if (!found) return [];
  if (why.code === "conflict") return [{ head: found, why: "conflict", at: view.tip }];
  const red = queue.candidates.find(({ verdict, items }) => verdict === "red" && items.some((item) => item.task === task));
  return [{ head: found, why: "red", at: commits.get(red?.commit ?? "") ?? view.tip }];
};

/** Nothing is queued before all that it needs landed. */
const free = ({ queue, needs }: View): Head[] => {
  const waiting = new Set(queue.map(({ step }) => step));
  return queue.filter(({ step }) => needs(step).every((need) => !waiting.has(need)));
};
