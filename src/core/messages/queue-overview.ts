import type { Execution } from "../domain/execution.ts";
import { type ExecutionId, type Millis, readTaskId, type Sha, type StepId, type TaskId } from "../domain/ids.ts";
import type { Ledger } from "../domain/ledger.ts";
import { readOwn } from "../domain/own-record.ts";
import { type Candidate, isGreen, type Queue, type QueueItem, type VerifyRun } from "../domain/queue.ts";
import type { Step } from "../domain/step.ts";
import { toOneLine } from "./escape.ts";
import { describeCandidate, describeQueuePlace } from "./queue-place.ts";
import { formatTimeLeft } from "./time-left.ts";

/** Work in the queue of a base branch. */
export type QueuedWork = {
  readonly task: TaskId;
  readonly execution: ExecutionId;
  readonly step: StepId;
  readonly title: string;
  readonly pull: number | null;
  /** From 1. */
  readonly position: number;
  readonly place: string;
  /** Why it may not land now; empty if nothing holds it. */
  readonly reason: string;
  /** When it lands, as far as earlier landings tell; null if it is unknown, or something holds it. */
  readonly expectedAt: Millis | null;
};

export type ShownCandidate = {
  readonly commit: Sha;
  /** Empty for the base itself. */
  readonly tasks: readonly TaskId[];
  readonly state: string;
  readonly runs: readonly VerifyRun[];
};

export type QueueOverview = {
  readonly base: string;
  /** Why nothing lands; empty if the queue is not frozen. */
  readonly frozen: string;
  readonly items: readonly QueuedWork[];
  readonly candidates: readonly ShownCandidate[];
};

type FoundWork = { readonly execution: Execution | undefined; readonly step: Step | undefined; readonly title: string };

const findWork = ({ executions, plans }: Ledger, task: TaskId): FoundWork => {
  const id = readTaskId(task);
  const execution = id ? readOwn(executions, id.execution) : undefined;
  const step = id && execution ? readOwn(execution.steps, id.step) : undefined;
  const planned = readOwn(plans, execution?.plan ?? "")?.steps.find((each) => each.id === id?.step);
  return { execution, step, title: planned?.title ?? "" };
};

/** By the time from earlier heads to their landings. Work that is not held lands in order. */
const expectLanding = ({ execution, step }: FoundWork, { state }: QueueItem, after: Millis): Millis | null => {
  const landing = execution?.estimate?.landing;
  if (landing === undefined || !step?.head || (state !== "queued" && state !== "accused")) return null;
  return Math.max(after, step.head.since + landing);
};

const describePlace = ({ state, task }: QueueItem, queue: Queue): string => PLACES[state] ?? describeQueuePlace(task, queue) ?? "";

const isHeld = (candidate: Candidate, { items }: Queue): boolean =>
  candidate.items.some(({ task }) => items.some((item) => item.task === task && item.state === "held"));

const showCandidate = (candidate: Candidate, queue: Queue): ShownCandidate => ({
  commit: candidate.commit,
  tasks: candidate.items.map(({ task }) => task),
  state: isGreen(candidate) && isHeld(candidate, queue) ? "verified; held" : (describeCandidate(candidate) ?? "was red"),
  runs: candidate.runs,
});

const PLACES: Readonly<Partial<Record<QueueItem["state"], string>>> = { held: "held", resolving: "its conflict is being resolved" };

const showQueue = (ledger: Ledger, base: string, { queue, now }: { queue: Queue; now: Millis }): QueueOverview => {
  let after = now;
  const items = queue.items.map((item, at): QueuedWork => {
    const [id, work] = [readTaskId(item.task), findWork(ledger, item.task)];
    const expectedAt = queue.frozen ? null : expectLanding(work, item, after);
    after = Math.max(after, expectedAt ?? 0);
    return {
      task: item.task,
      execution: id?.execution ?? "",
      step: id?.step ?? item.task,
      title: work.title,
      pull: work.step?.pull ?? null,
      position: at + 1,
      place: describePlace(item, queue),
      reason: item.refusal?.message ?? "",
      expectedAt,
    };
  });
  return {
    base,
    frozen: queue.frozen?.message ?? "",
    items,
    candidates: queue.candidates.map((candidate) => showCandidate(candidate, queue)),
  };
};

/** What waits to land on each base branch, across all executions; without empty queues. */
export const listQueues = (ledger: Ledger, now: Millis): readonly QueueOverview[] =>
  Object.entries(ledger.queues)
    .map(([base, queue]) => showQueue(ledger, base, { queue, now }))
    .filter(({ items, candidates, frozen }) => items.length + candidates.length > 0 || frozen !== "");

/** Whether work of several executions waits in the same queue. */
export const isQueueShared = ({ items }: QueueOverview): boolean => new Set(items.map(({ execution }) => execution)).size > 1;

const formatItem = ({ position, task, title, place, reason, expectedAt }: QueuedWork, now: Millis): string => {
  const words = [place, reason === "" ? "" : toOneLine(reason, 200), formatTimeLeft(expectedAt, now)].filter((part) => part !== "");
  return `  ${position}. ${task}${title === "" ? "" : ` ${toOneLine(title, 80)}`}: ${words.join("; ")}`;
};

const formatCandidate = ({ commit, tasks, state }: ShownCandidate): string =>
  `  candidate ${commit.slice(0, 12)}: ${state}; ${tasks.length === 0 ? "the base" : `with ${tasks.join(", ")}`}`;

/** A queue for a terminal. */
export const formatQueueLines = ({ base, frozen, items, candidates }: QueueOverview, now: Millis): string[] => [
  `The queue of ${base}: ${items.length === 0 ? "nothing waits" : `${items.length} wait${items.length === 1 ? "s" : ""}`}`,
  ...(frozen === "" ? [] : [`  Nothing lands for now: ${toOneLine(frozen, 300)}`]),
  ...items.map((item) => formatItem(item, now)),
  ...candidates.map(formatCandidate),
];
