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
  type Millis,
  type StepId,
  type TaskId,
} from "../domain/ids.ts";
import type { Ledger, EffectRecord } from "../domain/ledger.ts";
import type { Mail } from "../domain/mail.ts";
import type { Plan, PlannedStep } from "../domain/plan.ts";
import { orderSteps } from "../domain/plan-graph.ts";
import { emptyQueue, type Queue } from "../domain/queue.ts";
import type { Step } from "../domain/step.ts";
import { openStepLists } from "./step-lists.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The ledger as it will be. Each record is copied once before it is written, so that a decision stays linear in the size of the graph. */
export const openLedgerWriter = (before: Ledger) => {
  let ledger: Mutable<Ledger> = { ...before };
  let isSaveRequired = false;
  const owned = new WeakSet<object>();
  const lists = openStepLists();
  const own = <T extends object>(value: T): Mutable<T> => {
    if (owned.has(value)) return value;
    const copy = { ...value };
    owned.add(copy);
    return copy;
  };
  const put = (part: keyof Ledger, key: string, value: unknown): void => {
    // The record is of the type that it was copied from; TypeScript cannot follow the key.
    const record = own(ledger[part] as Record<string, unknown>);
    if (value === undefined) delete record[key];
    else record[key] = value;
    ledger = { ...ledger, [part]: record };
  };
  const recordStep = (id: ExecutionId, step: Step): void => {
    const execution = ledger.executions[id];
    if (!execution) return;
    const mine = own(execution);
    const before = execution.steps;
    mine.steps = own(before);
    (mine.steps as Record<StepId, Step>)[step.id] = step;
    lists.written(before, mine.steps, step);
    put("executions", id, mine);
  };
  /** The steps of an execution as it stands now. */
  const steps = (id: ExecutionId): readonly Step[] => lists.of(ledger.executions[id]?.steps ?? {});
  return {
    ledger: (): Ledger => ledger,
    steps,
    /** True once something was written that could not be looked up again. */
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

type Writer = ReturnType<typeof openLedgerWriter>;

const byId = (steps: readonly PlannedStep[]): ReadonlyMap<StepId, PlannedStep> => {
  const map = new Map<StepId, PlannedStep>();
  for (const step of steps) map.set(step.id, step);
  return map;
};

/** Reading and writing executions, steps and plans. */
export const graphRecords = ({ ledger, steps, put, requireSave, recordStep }: Writer) => {
  const planned = new Map<Hash, ReadonlyMap<StepId, PlannedStep>>();
  const orders = new Map<Hash, readonly PlannedStep[]>();
  const plan = (id: Hash | null): Plan | null => (id === null ? null : (ledger().plans[id] ?? null));
  return {
    executions: (): readonly Execution[] => Object.values(ledger().executions),
    steps,
    execution: (id: ExecutionId): Execution | undefined => ledger().executions[id],
    putExecution: (execution: Execution): void => {
      requireSave();
      put("executions", execution.id, execution);
    },
    putStep: (id: ExecutionId, step: Step): void => {
      requireSave();
      recordStep(id, step);
    },
    /** Writes down what could be looked up again: saved with the next write. */
    recordStep,
    plan,
    putPlan: (value: Plan): Hash => {
      const id = hashValue(value);
      requireSave();
      put("plans", id, value);
      return id;
    },
    /** A step as it was approved. */
    planned: (execution: Execution, step: StepId): PlannedStep | undefined => {
      if (execution.plan === null) return undefined;
      const known = planned.get(execution.plan) ?? byId(plan(execution.plan)?.steps ?? []);
      planned.set(execution.plan, known);
      return known.get(step);
    },
    /** Steps as they were approved, each after what it needs. */
    order: (execution: Execution): readonly PlannedStep[] => {
      if (execution.plan === null) return [];
      const known = orders.get(execution.plan) ?? orderSteps(plan(execution.plan)?.steps ?? []);
      orders.set(execution.plan, known);
      return known;
    },
    /** Takes an execution out of the ledger with all that belongs to it; the save that writes this puts it into the archive. */
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

/** Keeping what steps left in words. */
export const textRecords = ({ ledger, put }: Writer) => ({
  /** Keeps what an agent said last; an empty text takes away what an earlier attempt said. */
  putAnswer: (execution: ExecutionId, step: StepId, text: string): void => {
    const name = `${execution}/${step}` as const;
    if ((ledger().answers[name] ?? "") !== text) put("answers", name, text === "" ? undefined : text);
  },
  putArtifact: (execution: ExecutionId, step: StepId, text: string): void => put("artifacts", `${execution}/${step}`, text),
});

/** Reading and writing what stands beside the graph: handled events, queues, traces, the outbox. */
export const sideRecords = (writer: Writer, now: Millis) => {
  const { ledger, put, requireSave, setCursor, recordBacklog } = writer;
  return {
    markHandled: (id: EventId): void => {
      requireSave();
      put("handledEvents", id, now);
    },
    brief: (id: ExecutionId): Brief | null => ledger().briefs[id] ?? null,
    /** What an attempt was given of what people said; it stays as it is. */
    putFeedback: (task: TaskId, attempt: number, feedback: Feedback): void => {
      const key = `${task}/${attempt}` as const;
      if (ledger().feedback[key]) return;
      requireSave();
      put("feedback", key, feedback);
    },
    /** What an execution was asked for with; it stays as it is. */
    putBrief: (id: ExecutionId, brief: Brief): void => {
      if (ledger().briefs[id]) return;
      requireSave();
      put("briefs", id, brief);
    },
    mails: (): readonly Mail[] => Object.values(ledger().mails),
    mail: (id: string): Mail | undefined => (Object.hasOwn(ledger().mails, id) ? ledger().mails[id] : undefined),
    putMail: (mail: Mail): void => {
      requireSave();
      put("mails", mail.id, mail);
    },
    /** Takes an expired mail out with the next write: nobody is shown it any more anyway. */
    dropMail: (id: string): void => put("mails", id, undefined),
    recordBacklog,
    forgetEvent: (id: EventId): void => put("handledEvents", id, undefined),
    setCursor,
    queue: (base: BranchName): Queue => ledger().queues[base] ?? emptyQueue,
    putQueue: (base: BranchName, queue: Queue): void => {
      if (ledger().queues[base] === queue) return;
      requireSave();
      put("queues", base, queue);
    },
    /** Writes down what follows from facts that are read again anyway: saved with the next write. */
    recordQueue: (base: BranchName, queue: Queue): void => put("queues", base, queue),
    effectRecord: (key: string): EffectRecord | undefined => ledger().effectRecords[key],
    deleteEffectRecord: (key: string): void => put("effectRecords", key, undefined),
    putEffectRecord: (key: string, effectRecord: EffectRecord): void => put("effectRecords", key, effectRecord),
    /** Keeps an effect that follows from one event until it is done. */
    enqueueEffect: (effect: Effect): void => {
      requireSave();
      put("outbox", effect.key, effect);
    },
    dequeueEffect: (key: string): void => put("outbox", key, undefined),
  };
};
