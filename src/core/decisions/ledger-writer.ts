import type { BacklogItem } from "../domain/backlog-item.ts";
import type { Brief } from "../domain/brief.ts";
import type { EventId } from "../domain/event.ts";
import type { Feedback } from "../domain/feedback.ts";
import type { Effect } from "../domain/effect.ts";
import type { Execution } from "../domain/execution.ts";
import {
  type BranchName,
  toCanonicalJson,
  type ExecutionId,
  hashValue,
  type Hash,
  type Login,
  type Millis,
  type StepId,
  type TaskId,
} from "../domain/ids.ts";
import type { Ledger, EffectRecord } from "../domain/ledger.ts";
import type { Mail } from "../domain/mail.ts";
import { readOwn, writeOwn } from "../domain/own-record.ts";
import type { Plan, PlannedStep } from "../domain/plan.ts";
import { orderSteps } from "../domain/plan-graph.ts";
import { emptyQueue, type Queue } from "../domain/queue.ts";
import type { Step } from "../domain/step.ts";
import { type PersonUsage, toUsageKey, type UsageKey, withoutOldTimes } from "../domain/usage.ts";
import { openStepLists } from "./step-lists.ts";

type MutableCopy<T> = { -readonly [K in keyof T]: T[K] };

/** The new ledger. Each record is copied once, before its first change, so that a decision stays linear in the size of the graph. */
export const openLedgerWriter = (before: Ledger) => {
  let ledger: MutableCopy<Ledger> = { ...before };
  let isSaveRequired = false;
  const owned = new WeakSet<object>();
  const lists = openStepLists();
  const own = <T extends object>(value: T): MutableCopy<T> => {
    if (owned.has(value)) return value;
    const copy = { ...value };
    owned.add(copy);
    return copy;
  };
  const put = (part: keyof Ledger, key: string, value: unknown): void => {
    // The record has the type that it was copied from; TypeScript cannot follow the key.
    const record = own(ledger[part] as Record<string, unknown>);
    if (value === undefined) delete record[key];
    else writeOwn<unknown>(record, key, value);
    ledger = { ...ledger, [part]: record };
  };
  const recordStep = (id: ExecutionId, step: Step): void => {
    const execution = readOwn(ledger.executions, id);
    if (!execution) return;
    const mine = own(execution);
    const before = execution.steps;
    mine.steps = own(before);
    (mine.steps as Record<StepId, Step>)[step.id] = step;
    lists.recordWrite(before, mine.steps, step);
    put("executions", id, mine);
  };
  /** The current steps of an execution. */
  const steps = (id: ExecutionId): readonly Step[] => lists.list(readOwn(ledger.executions, id)?.steps ?? {});
  return {
    ledger: (): Ledger => ledger,
    steps,
    /** Whether this decision wrote anything that could not be looked up again. */
    isSaveRequired: (): boolean => isSaveRequired,
    requireSave: (): void => void (isSaveRequired = true),
    put,
    recordStep,
    setCursor: (cursor: Millis): void => void (ledger = { ...ledger, cursor }),
    recordBacklog: (backlog: readonly BacklogItem[]): void => {
      if (toCanonicalJson(backlog) !== toCanonicalJson(ledger.backlog)) ledger = { ...ledger, backlog };
    },
  };
};

type LedgerWriter = ReturnType<typeof openLedgerWriter>;

const indexStepsById = (steps: readonly PlannedStep[]): ReadonlyMap<StepId, PlannedStep> => {
  const map = new Map<StepId, PlannedStep>();
  for (const step of steps) map.set(step.id, step);
  return map;
};

/** Reads and writes executions, steps and plans. */
export const openGraphRecords = ({ ledger, steps, put, requireSave, recordStep }: LedgerWriter) => {
  const planned = new Map<Hash, ReadonlyMap<StepId, PlannedStep>>();
  const orders = new Map<Hash, readonly PlannedStep[]>();
  const plan = (id: Hash | null): Plan | null => (id === null ? null : (readOwn(ledger().plans, id) ?? null));
  return {
    executions: (): readonly Execution[] => Object.values(ledger().executions),
    steps,
    execution: (id: ExecutionId): Execution | undefined => readOwn(ledger().executions, id),
    putExecution: (execution: Execution): void => {
      requireSave();
      put("executions", execution.id, execution);
    },
    putStep: (id: ExecutionId, step: Step): void => {
      requireSave();
      recordStep(id, step);
    },
    /** Records a step whose change could be looked up again: saved with the next write. */
    recordStep,
    plan,
    putPlan: (value: Plan): Hash => {
      const id = hashValue(value);
      requireSave();
      put("plans", id, value);
      return id;
    },
    /** The planned step as approved. */
    planned: (execution: Execution, step: StepId): PlannedStep | undefined => {
      if (execution.plan === null) return undefined;
      const known = planned.get(execution.plan) ?? indexStepsById(plan(execution.plan)?.steps ?? []);
      planned.set(execution.plan, known);
      return known.get(step);
    },
    /** The planned steps, each after its needs. */
    order: (execution: Execution): readonly PlannedStep[] => {
      if (execution.plan === null) return [];
      const known = orders.get(execution.plan) ?? orderSteps(plan(execution.plan)?.steps ?? []);
      orders.set(execution.plan, known);
      return known;
    },
    /** Removes an execution with its records; the save moves them to the archive. */
    dropExecution: (id: ExecutionId): void => {
      put("executions", id, undefined);
      put("briefs", id, undefined);
      for (const key of Object.keys(ledger().feedback)) if (key.startsWith(`${id}-`)) put("feedback", key, undefined);
      const used = new Set(Object.values(ledger().executions).flatMap((each) => [each.plan, each.amendment?.plan]));
      for (const each of Object.keys(ledger().plans)) if (!used.has(each)) put("plans", each, undefined);
      for (const mail of Object.values(ledger().mails)) if (mail.execution === id) put("mails", mail.id, undefined);
      for (const kind of ["artifacts", "answers"] as const) {
        for (const name of Object.keys(ledger()[kind])) if (name.startsWith(`${id}/`)) put(kind, name, undefined);
      }
    },
  };
};

/** Writes the answers and reports of steps. */
export const openTextRecords = ({ ledger, put }: LedgerWriter) => ({
  /** Records an agent's last message; an empty text deletes the one of an earlier attempt. */
  putAnswer: (execution: ExecutionId, step: StepId, text: string): void => {
    const name = `${execution}/${step}` as const;
    if ((ledger().answers[name] ?? "") !== text) put("answers", name, text === "" ? undefined : text);
  },
  putArtifact: (execution: ExecutionId, step: StepId, text: string): void => put("artifacts", `${execution}/${step}`, text),
});

/** Counts how often a queue froze, because each freeze is announced. A decision counts at most one. */
const countFreeze = (before: Queue | undefined, queue: Queue): Queue =>
  queue.frozen && !before?.frozen ? { ...queue, freezes: (before?.freezes ?? 0) + 1 } : queue;

/** Reads and writes everything besides the graph: handled events, queues, effect records, the outbox. */
export const openSideRecords = (writer: LedgerWriter, now: Millis) => {
  const { ledger, put, requireSave, setCursor, recordBacklog } = writer;
  const before = ledger();
  return {
    markHandled: (id: EventId): void => {
      requireSave();
      put("handledEvents", id, now);
    },
    brief: (id: ExecutionId): Brief | null => readOwn(ledger().briefs, id) ?? null,
    /** Records the feedback of an attempt; it never changes afterwards. */
    putFeedback: (task: TaskId, attempt: number, feedback: Feedback): void => {
      const key = `${task}/${attempt}` as const;
      if (ledger().feedback[key]) return;
      requireSave();
      put("feedback", key, feedback);
    },
    /** Records the brief of an execution; it never changes afterwards. */
    putBrief: (id: ExecutionId, brief: Brief): void => {
      if (readOwn(ledger().briefs, id)) return;
      requireSave();
      put("briefs", id, brief);
    },
    mails: (): readonly Mail[] => Object.values(ledger().mails),
    mail: (id: string): Mail | undefined => readOwn(ledger().mails, id),
    putMail: (mail: Mail): void => {
      requireSave();
      put("mails", mail.id, mail);
    },
    /** Deletes an expired mail, which is no longer shown, with the next write. */
    dropMail: (id: string): void => put("mails", id, undefined),
    recordBacklog,
    forgetEvent: (id: EventId): void => put("handledEvents", id, undefined),
    setCursor,
    queue: (base: BranchName): Queue => readOwn(ledger().queues, base) ?? emptyQueue,
    putQueue: (base: BranchName, queue: Queue): void => {
      if (readOwn(ledger().queues, base) === queue) return;
      requireSave();
      put("queues", base, countFreeze(readOwn(before.queues, base), queue));
    },
    /** Records a queue whose change follows from facts that are read again anyway: saved with the next write. */
    recordQueue: (base: BranchName, queue: Queue): void => put("queues", base, countFreeze(readOwn(before.queues, base), queue)),
    effectRecord: (key: string): EffectRecord | undefined => readOwn(ledger().effectRecords, key),
    deleteEffectRecord: (key: string): void => put("effectRecords", key, undefined),
    putEffectRecord: (key: string, effectRecord: EffectRecord): void => put("effectRecords", key, effectRecord),
    /** Keeps an effect of an event in the outbox until its outcome. */
    enqueueEffect: (effect: Effect): void => {
      requireSave();
      put("outbox", effect.key, effect);
    },
    dequeueEffect: (key: string): void => put("outbox", key, undefined),
  };
};

/** Reads and writes the usage of people. */
export const openUsageRecords = ({ ledger, put, requireSave }: LedgerWriter, now: Millis) => ({
  usage: (login: Login): PersonUsage => withoutOldTimes(readOwn(ledger().usage, toUsageKey(login)), now),
  putUsage: (login: Login, usage: PersonUsage): void => {
    requireSave();
    put("usage", toUsageKey(login), usage);
  },
  /** Deletes a usage with the next write. */
  dropUsage: (key: UsageKey): void => put("usage", key, undefined),
});
