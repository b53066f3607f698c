import { retryVerifyRun, applyVerdict } from "../../../src/core/decisions/apply/verify-result.ts";
import { JOB_SLACK_MS, MAX_FAULTS } from "../../../src/core/domain/retry-policy.ts";
import { serializeLastingQueue } from "../../../src/core/decisions/reconcile/landing.ts";
import { withRewindFreeze } from "../../../src/core/decisions/base-rewinds.ts";
import type { BranchName, Millis, Sha, TaskId } from "../../../src/core/domain/ids.ts";
import type { JobEnd } from "../../../src/core/domain/job.ts";
import type { QueryAnswers, ChainLink, Query } from "../../../src/core/domain/query.ts";
import { emptyQueue, type Queue } from "../../../src/core/domain/queue.ts";
import type { Refusal } from "../../../src/core/domain/refusal.ts";
import { type Known, UNKNOWN } from "../../../src/core/domain/known.ts";
import { planQueue } from "../../../src/core/refinery/plan-queue.ts";
import type { QueueEntrant, RefineryPlan, RefineryState } from "../../../src/core/refinery/refinery-state.ts";

/** A coordinator reduced to plans: the ledger of a simulation, and one turn. */
export type Step = {
  readonly task: TaskId;
  readonly base: BranchName;
  readonly needs: readonly TaskId[];
  readonly state: "published" | "landed" | "failed" | "closed";
  readonly head: Sha;
  readonly refusal: Refusal | null;
  readonly landed: Sha | null;
  readonly lane?: string | undefined;
};

export type Ledger = {
  readonly queues: Readonly<Record<BranchName, Queue>>;
  readonly steps: ReadonlyMap<TaskId, Step>;
  /** Requested verify jobs. */
  readonly asked: ReadonlySet<string>;
};

export const emptyLedger: Ledger = { queues: {}, steps: new Map(), asked: new Set() };

export type Result = { readonly commit: Sha; readonly attempt: number; readonly end: JobEnd };

/** The consistent input of one turn. */
export type Snapshot = {
  readonly now: Millis;
  readonly ledger: Ledger;
  readonly bases: Readonly<Record<BranchName, Sha>>;
  readonly heads: ReadonlyMap<TaskId, Sha>;
  readonly held: ReadonlySet<TaskId>;
  readonly results: readonly Result[];
  readonly parallel: number;
  readonly retries: number;
  readonly together: boolean;
  readonly reuse: boolean;
  readonly chain: (query: Extract<Query, { kind: "merge-chain" }>) => readonly ChainLink[] | undefined;
  readonly contains: (commit: Sha, tip: Sha) => boolean | undefined;
  /** Whether a step's head contains the needed step's head. Otherwise the head is carried over first. */
  readonly fresh: (step: Step, needed: Step) => boolean;
};

type Planned = { readonly base: BranchName; readonly state: RefineryState; readonly plan: RefineryPlan };

/** The planned save of a turn, and the jobs to start and stop after the save. */
export type Turn = {
  readonly read: Snapshot;
  readonly ledger: Ledger;
  readonly plans: readonly Planned[];
  readonly moves: readonly { readonly base: BranchName; readonly from: Sha; readonly to: Sha }[];
  /** Heads named by the save. A push to such a head makes the save fail. */
  readonly guards: readonly { readonly task: TaskId; readonly head: Sha }[];
  readonly starts: readonly { readonly base: BranchName; readonly commit: Sha; readonly attempt: number }[];
  readonly stops: readonly { readonly base: BranchName; readonly commit: Sha; readonly attempt: number }[];
  /** Whether the turn has changes to write. */
  readonly urgent: boolean;
};

export const TIMEOUT: Millis = 30 * 60_000;

export const jobOf = (commit: Sha, attempt: number): string => `${commit}/${attempt}`;

/** Takes one turn of the coordinator. Returns null if facts are missing. */
export const takeTurn = (read: Snapshot): Turn | null => {
  const draft = openTurn(read);
  for (const base of Object.keys(read.bases)) if (!landOn(draft, base)) return null;
  const { ledger } = draft;
  return { ...draft, urgent: draft.moves.length > 0 || draft.changed || isNews(read.ledger, ledger) };
};

const isNews = (before: Ledger, after: Pick<Ledger, "queues">): boolean =>
  Object.entries(after.queues).some(([base, queue]) => {
    const was = before.queues[base];
    return queue !== was && (was === undefined || serializeLastingQueue(queue) !== serializeLastingQueue(was));
  });

type Draft = {
  read: Snapshot;
  ledger: { queues: Record<BranchName, Queue>; steps: Map<TaskId, Step>; asked: Set<string> };
  plans: Planned[];
  moves: { base: BranchName; from: Sha; to: Sha }[];
  guards: { task: TaskId; head: Sha }[];
  starts: { base: BranchName; commit: Sha; attempt: number }[];
  stops: { base: BranchName; commit: Sha; attempt: number }[];
  changed: boolean;
};

/** Copies the ledger, and adds the new heads, results and deadlines. */
const openTurn = (read: Snapshot): Draft => {
  const { ledger, heads, results, now } = read;
  const steps = new Map(ledger.steps);
  let changed = results.length > 0;
  for (const step of steps.values()) {
    const head = heads.get(step.task);
    if (step.state !== "published" || head === undefined || head === step.head) continue;
    steps.set(step.task, { ...step, head });
    changed = true;
  }
  const queues: Record<BranchName, Queue> = {};
  const clock: RetryClock = { now, attemptsOf: (commit) => attemptsOf(ledger.asked, commit) };
  for (const base of Object.keys(read.bases)) {
    let queue = ledger.queues[base] ?? emptyQueue;
    for (const { commit, attempt, end } of results)
      queue = applyVerdict({ ...clock, timeoutMs: 0 }, queue, {
        job: { target: commit, attempt },
        result: { end, reason: end, output: "" },
      });
    queues[base] = late(queue, clock);
  }
  const asked = new Set(ledger.asked);
  return { read, ledger: { queues, steps, asked }, plans: [], moves: [], guards: [], starts: [], stops: [], changed };
};

type RetryClock = Pick<RefineryState, "now" | "attemptsOf">;

/** Turns runs past their deadline into faults. */
const late = (queue: Queue, clock: RetryClock): Queue => {
  const candidates = queue.candidates.map((candidate) =>
    candidate.runs.reduce(
      (at, { attempt, verdict, deadline }) =>
        verdict === null && deadline !== null && clock.now >= deadline
          ? retryVerifyRun(clock, at, { attempt, reason: "it did not end" })
          : at,
      candidate,
    ),
  );
  return candidates.some((candidate, at) => candidate !== queue.candidates[at]) ? { ...queue, candidates } : queue;
};

const landOn = (draft: Draft, base: BranchName): boolean => {
  const { read, ledger } = draft;
  const tip = read.bases[base];
  if (tip === undefined) return true;
  let missing = false;
  const ask = (query: Query): Known<QueryAnswers[Query["kind"]]> => {
    const answer =
      query.kind === "contains" ? read.contains(query.commit, query.tip) : query.kind === "merge-chain" ? read.chain(query) : undefined;
    if (answer !== undefined) return answer;
    missing = true;
    return UNKNOWN;
  };
  // One function answers all kinds of queries, as in the real draft.
  const readFact = ask as never;
  const queue = withRewindFreeze({ readFact }, ledger.queues[base] ?? emptyQueue, tip);
  if (queue === UNKNOWN) return false;
  // The copy keeps the current requests, because the plan may be repeated after this turn.
  const asked = new Set(ledger.asked);
  const state: RefineryState = {
    now: read.now,
    baseBranch: base,
    tip,
    queue,
    entrants: entrantsOf(draft, base),
    parallel: read.parallel,
    retries: read.retries,
    maxFaults: MAX_FAULTS + 1,
    timeoutMs: TIMEOUT + JOB_SLACK_MS,
    reusesVerdicts: read.reuse,
    landsTogether: read.together,
    stacksResolutions: true,
    checksLineHeadsOnly: true,
    publishesKnownTrees: true,
    attemptsOf: (commit) => attemptsOf(asked, commit),
    mergeChain: (query) => ask(query) as Known<QueryAnswers["merge-chain"]>,
  };
  const planned = planQueue(state);
  if (missing) return false;
  draft.plans.push({ base, state, plan: planned });
  ledger.queues[base] = planned.queue;
  carryOut(draft, base, planned);
  return true;
};

const attemptsOf = (asked: ReadonlySet<string>, commit: Sha): number => {
  let count = 0;
  while (asked.has(jobOf(commit, count + 1))) count += 1;
  return count;
};

const HELD: Refusal = { code: "hold", message: "A person holds it.", next: "release it" };

/** Lists published steps, except steps with a need outside of the queue. */
const entrantsOf = ({ read, ledger }: Draft, base: BranchName): QueueEntrant[] => {
  const found = new Map<TaskId, QueueEntrant>();
  for (const step of ledger.steps.values()) {
    if (step.base !== base || step.state !== "published") continue;
    const open = step.needs.flatMap((need) => {
      const needed = ledger.steps.get(need);
      return needed && needed.state !== "landed" ? [needed] : [];
    });
    if (open.some((needed) => !found.has(needed.task) || !read.fresh(step, needed))) continue;
    const { task, head } = step;
    const message = `Land ${task}\n\nEnki-Task: ${task}\nEnki-Head: ${head}`;
    const own = step.lane === undefined ? {} : { lane: step.lane };
    found.set(task, { task, head, message, needs: open.map((needed) => needed.task), refusal: read.held.has(task) ? HELD : null, ...own });
  }
  return [...found.values()];
};

const carryOut = (draft: Draft, base: BranchName, { effects, refs }: RefineryPlan): void => {
  const { ledger, read } = draft;
  const put = (task: TaskId, head: Sha | null, over: Partial<Step>): void => {
    const step = ledger.steps.get(task);
    if (!step || (head !== null && step.head !== head)) return;
    ledger.steps.set(task, { ...step, ...over });
    draft.changed = true;
  };
  for (const effect of effects)
    switch (effect.kind) {
      case "request-merge":
        throw new Error("Nothing is merged by GitHub here.");
      case "land":
        for (const { task, head, merge } of effect.candidate.items) {
          draft.guards.push({ task, head: ledger.steps.get(task)?.head ?? "" });
          put(task, null, { state: "landed", landed: merge, refusal: null, head });
        }
        break;
      case "eject":
      case "resolve":
        put(effect.task, effect.head, { state: "failed", refusal: effect.refusal });
        break;
      case "verify":
        if (effect.notBefore > read.now) break;
        draft.starts.push({ base, commit: effect.commit, attempt: effect.attempt });
        draft.changed ||= !ledger.asked.has(jobOf(effect.commit, effect.attempt));
        ledger.asked.add(jobOf(effect.commit, effect.attempt));
        break;
      case "stop":
        draft.stops.push({ base, commit: effect.commit, attempt: effect.attempt });
    }
  for (const { kind, commit } of refs) if (kind === "base") draft.moves.push({ base, from: read.bases[base] ?? "", to: commit });
};
