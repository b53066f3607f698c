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
import type { PersonUsage, UsageKey } from "./usage.ts";

export const LEDGER_FORMAT = 2;

/** The known state of a requested effect. */
export type EffectRecord = {
  /** Time of the last request or completion. */
  readonly at: Millis;
  readonly attempts: number;
  readonly notBefore: Millis;
  readonly refused: { readonly code: string; readonly reason: string } | null;
  /** Number of the created run, pull request, issue or comment. */
  readonly number: number | null;
  /** Hash of the last confirmed effect; null before a confirmation. */
  readonly digest: Hash | null;
};

/** Requests of people and agents, their results, and ids that would cost a request to find again. */
export type Ledger = {
  /**
   * Format of the files that the ledger was read from. If the format is outdated, the next write rewrites the whole ledger in the current
   * format.
   */
  readonly format: number;
  /** Sweeps list comments from this time on; later handled ones are in `handledEvents`. */
  readonly cursor: Millis;
  readonly handledEvents: Readonly<Record<EventId, Millis>>;
  readonly executions: Readonly<Record<ExecutionId, Execution>>;
  readonly plans: Readonly<Record<Hash, Plan>>;
  readonly queues: Readonly<Record<BranchName, Queue>>;
  /** Feedback of attempts, by `<task>/<attempt>`. */
  readonly feedback: Readonly<Record<`${TaskId}/${number}`, Feedback>>;
  readonly artifacts: Readonly<Record<`${ExecutionId}/${string}`, string>>;
  /** Briefs of executions, as of the command. Written once. */
  readonly briefs: Readonly<Record<ExecutionId, Brief>>;
  /** Complete last messages of agents, if different from their reports. */
  readonly answers: Readonly<Record<`${ExecutionId}/${string}`, string>>;
  readonly mails: Readonly<Record<string, Mail>>;
  /** Each person's usage in the last hour. */
  readonly usage: Readonly<Record<UsageKey, PersonUsage>>;
  /** Open backlog items as of the last start of a planner. */
  readonly backlog: readonly BacklogItem[];
  /** Effects that follow from one event only (a reply, a reaction), kept until performed. */
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
  usage: {},
  backlog: [],
  outbox: {},
  effectRecords: {},
};
