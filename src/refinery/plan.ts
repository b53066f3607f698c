import type { Base, Millis, Sha, TaskId } from "../model/ids.ts";
import type { Answers, Merge, Query } from "../model/query.ts";
import type { Candidate, Queue, QueueItem } from "../model/queue.ts";
import { refuse, type Refusal } from "../model/refusal.ts";

/** A published head that wants to land, in an order that follows the graph. */
export type Entrant = {
  readonly task: TaskId;
  readonly head: Sha;
  readonly message: string;
  /** Null when it may land; else why it is held. */ readonly held: Refusal | null;
};

export type RefineryState = {
  readonly now: Millis;
  readonly base: Base;
  readonly tip: Sha;
  readonly queue: Queue;
  readonly entrants: readonly Entrant[];
  /** Verify jobs at the same time. */
  readonly parallel: number;
  /** Verify jobs without a verdict before a candidate is given up. */
  readonly maxAttempts: number;
  /** Verify jobs that a commit had before. */
  readonly attempts: (commit: Sha) => number;
  /** A fact: base plus heads, merged; undefined until it is known. */
  readonly merged: (query: Extract<Query, { kind: "candidate" }>) => Answers["candidate"] | undefined;
};

export type RefineryPlan = {
  readonly queue: Queue;
  /** The verified candidate that becomes the base now. */
  readonly land: Candidate | null;
  readonly ejected: readonly { readonly task: TaskId; readonly head: Sha; readonly why: Refusal; readonly log: string }[];
};

/**
 * What may land and what is verified next, from the queue and facts alone.
 * Each candidate is the base plus one step: a red verdict therefore names its step. What landed is exactly what was green, on the tip that is the base now.
 */
export const plan = (state: RefineryState): RefineryPlan => {
  const items = align(state);
  const heads = new Map(items.map((item) => [item.task, item]));
  const live = state.queue.candidates.filter((candidate) => candidate.items.every(({ task, head }) => heads.get(task)?.head === head));
  const ejected = live.flatMap((candidate) => eject(candidate));
  const gone = new Set(ejected.map((each) => each.task));
  const queue = {
    ...state.queue,
    items: items.filter((item) => !gone.has(item.task)),
    candidates: live.filter((candidate) => candidate.verdict !== "red"),
  };
  const faulty = queue.candidates.find(
    (candidate) => candidate.verdict === null && candidate.attempt - candidate.firstAttempt >= state.maxAttempts,
  );
  if (faulty && !queue.frozen) {
    return { queue: freeze(queue, faulty, state.base), land: null, ejected };
  }
  if (queue.frozen) return { queue: settle(state.queue, queue), land: null, ejected };
  const land = queue.candidates.find((candidate) => isLandable(state, heads, candidate)) ?? null;
  const next = land ? landed(queue, land) : queue;
  return build({ ...state, tip: land?.commit ?? state.tip, queue: next }, { queue: state.queue, land, ejected });
};

/** The same object when nothing changed, so that nothing is written. */
const settle = (before: Queue, after: Queue): Queue => (JSON.stringify(before) === JSON.stringify(after) ? before : after);

/** Keeps the order of what is queued, drops what left, appends what is new: the queue is append-only. */
const align = (state: RefineryState): QueueItem[] => {
  const entrants = new Map(state.entrants.map((each) => [`${each.task}@${each.head}`, each]));
  const kept = state.queue.items.flatMap((item): QueueItem[] => {
    const entrant = entrants.get(`${item.task}@${item.head}`);
    if (!entrant) return [];
    entrants.delete(`${item.task}@${item.head}`);
    return [{ ...item, state: entrant.held ? "held" : "queued", why: entrant.held }];
  });
  const added = [...entrants.values()].map(({ task, head, held }): QueueItem => ({
    task,
    head,
    state: held ? "held" : "queued",
    why: held,
    strikes: 0,
  }));
  return [...kept, ...added];
};

const eject = (candidate: Candidate): RefineryPlan["ejected"][number][] => {
  const [item] = candidate.items;
  if (candidate.verdict !== "red" || !item) return [];
  const why = refuse("verification-failed", whyRed(candidate.log), `/enki retry ${item.task}`).refusal;
  return [{ task: item.task, head: item.head, why, log: candidate.log }];
};

/** In the log of a verify job a command's line begins with `$ `: the last of them is the one that failed. */
const whyRed = (log: string): string => {
  const command = [...log.matchAll(/^\$ (.*)$/gm)].at(-1)?.[1]?.replaceAll("`", "'");
  return command === undefined
    ? "Its candidate did not pass verification."
    : `\`${command}\` failed: its candidate did not pass verification.`;
};

const freeze = (queue: Queue, faulty: Candidate, base: Base): Queue => ({
  ...queue,
  candidates: queue.candidates.filter((candidate) => candidate !== faulty),
  frozen: refuse("verify-faults", `Verification on \`${base}\` ended without a verdict again and again: ${faulty.log}`, "/enki retry")
    .refusal,
});

const isLandable = (state: RefineryState, items: ReadonlyMap<TaskId, QueueItem>, candidate: Candidate): boolean =>
  candidate.verdict === "green" && candidate.onto === state.tip && isQueued(items, candidate);

const isQueued = (items: ReadonlyMap<TaskId, QueueItem>, candidate: Candidate): boolean =>
  candidate.items.every(({ task }) => items.get(task)?.state === "queued");

const landed = (queue: Queue, candidate: Candidate): Queue => ({
  ...queue,
  items: queue.items.filter((item) => !candidate.items.some(({ task }) => task === item.task)),
  candidates: queue.candidates.filter((each) => each !== candidate),
  landed: candidate.commit,
});

type Soon = { readonly queue: Queue; readonly land: Candidate | null; readonly ejected: RefineryPlan["ejected"] };

/** Fills the free verify slots: what has no candidate on this tip yet, in queue order. */
const build = (state: RefineryState, { queue: before, land, ejected }: Soon): RefineryPlan => {
  const queued = new Map(state.queue.items.map((item) => [item.task, item]));
  const candidates = state.queue.candidates.filter(
    (candidate) => candidate.onto === state.tip || (candidate.verdict !== null && !isQueued(queued, candidate)),
  );
  const built = new Set(candidates.flatMap(({ items }) => items.map(({ task }) => task)));
  const messages = new Map(state.entrants.map(({ task, head, message }) => [`${task}@${head}`, message]));
  const out: RefineryPlan["ejected"][number][] = [];
  let free = state.parallel - candidates.filter(({ verdict }) => verdict === null).length;
  for (const item of state.queue.items) {
    if (free <= 0) break;
    const message = built.has(item.task) ? undefined : messages.get(`${item.task}@${item.head}`);
    if (message === undefined) continue;
    const merge: Merge = { task: item.task, head: item.head, message };
    const answer = state.merged({ kind: "candidate", onto: state.tip, merges: [merge] });
    // What is asked for takes a slot too, so that all slots are asked for at once.
    if (answer?.kind !== "conflict") free -= 1;
    if (answer?.kind === "conflict")
      out.push({ task: item.task, head: item.head, why: conflict(state.base, item.task, answer.paths), log: answer.paths.join("\n") });
    const commit = answer?.kind === "commits" ? answer.merges[0] : undefined;
    if (commit !== undefined) candidates.push(fresh(state, item, commit));
  }
  const items = without(state.queue.items, out);
  return { queue: settle(before, { ...state.queue, items, candidates }), land, ejected: [...ejected, ...out] };
};

const without = (items: readonly QueueItem[], out: RefineryPlan["ejected"]): readonly QueueItem[] => {
  const gone = new Set(out.map(({ task }) => task));
  return gone.size === 0 ? items : items.filter(({ task }) => !gone.has(task));
};

const fresh = ({ tip, attempts }: RefineryState, item: QueueItem, commit: Sha): Candidate => ({
  commit,
  onto: tip,
  items: [{ task: item.task, head: item.head, merge: commit }],
  attempt: attempts(commit) + 1,
  firstAttempt: attempts(commit) + 1,
  notBefore: 0,
  until: null,
  verdict: null,
  log: "",
});

const conflict = (base: Base, task: TaskId, paths: readonly string[]): Refusal =>
  refuse(
    "conflict",
    `It conflicts with \`${base}\` in ${paths.length === 1 ? "one file" : `${paths.length} files`}: ${paths.slice(0, 5).join(", ")}.`,
    `/enki retry ${task}`,
  ).refusal;
