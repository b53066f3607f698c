import type { BacklogItem } from "./backlog-item.ts";
import type { Brief } from "./brief.ts";
import type { Effect } from "./effect.ts";
import type { Execution } from "./execution.ts";
import type { EventId } from "./event.ts";
import type { Feedback } from "./feedback.ts";
import type { BranchName, ExecutionId, Hash, Millis, TaskId } from "./ids.ts";
import type { Mail } from "./mail.ts";
import type { Plan } from "./plan.ts";
import type { Queue } from "./queue.ts";

export const LEDGER_FORMAT = 2;

/** What we know of an effect that was asked for. */
export type EffectRecord = {
  /** When it was asked for, or done, last. */
  readonly at: Millis;
  readonly attempts: number;
  readonly notBefore: Millis;
  readonly refused: { readonly code: string; readonly reason: string } | null;
  /** A run's, pull request's or comment's number. */
  readonly number: number | null;
  /** Hash of what was last done; null while nobody confirmed it. */
  readonly digest: Hash | null;
};

/** What people and agents wanted, what became of it, and the ids that would cost a request to find again. */
export type Ledger = {
  /** Of the files that it was read from: one of an earlier format is written whole with its next write. */
  readonly format: number;
  /** Comments are listed from here on; those handled since are in `handled`. */
  readonly cursor: Millis;
  readonly handledEvents: Readonly<Record<EventId, Millis>>;
  readonly executions: Readonly<Record<ExecutionId, Execution>>;
  readonly plans: Readonly<Record<Hash, Plan>>;
  readonly queues: Readonly<Record<BranchName, Queue>>;
  /** What attempts were given of what people said, by `<task>/<attempt>`. */
  readonly feedback: Readonly<Record<`${TaskId}/${number}`, Feedback>>;
  readonly artifacts: Readonly<Record<`${ExecutionId}/${string}`, string>>;
  /** What people wrote on the issue of an execution, as it was when they asked for it. Never written twice. */
  readonly briefs: Readonly<Record<ExecutionId, Brief>>;
  /** What agents said last, whole, where that is not their report. */
  readonly answers: Readonly<Record<`${ExecutionId}/${string}`, string>>;
  /** By id. */
  readonly mails: Readonly<Record<string, Mail>>;
  /** The open items of the backlog as GitHub had them when a planner was last started. */
  readonly backlog: readonly BacklogItem[];
  /** Effects that follow from one event only (an answer, a reaction): kept until they are done. */
  readonly outbox: Readonly<Record<string, Effect>>;
  readonly effectRecords: Readonly<Record<string, EffectRecord>>;
};

export const emptyLedger: Ledger = {
  format: LEDGER_FORMAT,
  cursor: 0,
  handledEvents: {},
  executions: {},
  plans: {},
  queues: {},
  feedback: {},
  artifacts: {},
  briefs: {},
  answers: {},
  mails: {},
  backlog: [],
  outbox: {},
  effectRecords: {},
};
