import type { Execution, ExecutionState } from "./execution.ts";
import type { ExecutionId, Millis, StepId } from "./ids.ts";
import { listNeededSteps, type Plan } from "./plan.ts";
import type { StepState } from "./step.ts";

/** Reasons for an execution to wait: free capacity, an agent, checks, a person, or other steps. */
export const WAIT_KINDS = ["queue", "agent", "checks", "person", "needs"] as const;
export type WaitKind = (typeof WAIT_KINDS)[number];

/** A period in one state; `to` is null for the present state. */
export type StateSpan<State extends string = string> = {
  readonly state: State;
  readonly attempt: number;
  readonly from: Millis;
  readonly to: Millis | null;
  /** The reason at its end, such as a failure. */
  readonly reason: string;
};

/** The states of an execution and of its steps over time, from the ledger's history. */
export type ExecutionTimeline = {
  readonly id: ExecutionId;
  readonly states: readonly StateSpan<ExecutionState>[];
  readonly steps: Readonly<Record<StepId, readonly StateSpan<StepState>[]>>;
};

const WAIT_OF_STEP: Readonly<Record<StepState, WaitKind | null>> = {
  pending: "needs",
  blocked: "needs",
  ready: "queue",
  running: "agent",
  published: "checks",
  waiting: "person",
  paused: "person",
  failed: "person",
  done: null,
  skipped: null,
  cancelled: null,
};

/** Null if the step waits for nothing. */
const toWaitKind = (state: StepState): WaitKind | null => WAIT_OF_STEP[state];

export const startTimeline = (id: ExecutionId): ExecutionTimeline => ({ id, states: [], steps: {} });

type SeenState<State extends string> = { readonly state: State; readonly attempt: number; readonly reason: string };

const extendSpans = <State extends string>(
  spans: readonly StateSpan<State>[],
  { state, attempt, reason }: SeenState<State>,
  at: Millis,
): readonly StateSpan<State>[] => {
  const last = spans.at(-1);
  if (last?.state === state && last.attempt === attempt)
    return last.reason === reason ? spans : [...spans.slice(0, -1), { ...last, reason }];
  const next = { state, attempt, from: at, to: null, reason };
  return last ? [...spans.slice(0, -1), { ...last, to: at }, next] : [next];
};

/** Adds the state of the execution at a time. Times must not decrease. */
export const extendTimeline = ({ id, states, steps }: ExecutionTimeline, execution: Execution, at: Millis): ExecutionTimeline => ({
  id,
  states: extendSpans(
    states,
    { state: execution.state, attempt: execution.planning.attempt, reason: execution.refusal?.message ?? "" },
    at,
  ),
  steps: {
    ...steps,
    ...Object.fromEntries(
      Object.values(execution.steps).map((step) => [
        step.id,
        extendSpans(steps[step.id] ?? [], { state: step.state, attempt: step.attempt, reason: step.refusal?.message ?? "" }, at),
      ]),
    ),
  },
});

const lengthOf = ({ from, to }: StateSpan, now: Millis): Millis => Math.max(0, (to ?? now) - from);

export type WaitTotals = Readonly<Record<WaitKind, Millis>>;

/** Adds up the time that a step waited, by kind. */
export const sumWaits = (spans: readonly StateSpan<StepState>[], now: Millis): WaitTotals => {
  const totals: Record<WaitKind, Millis> = { queue: 0, agent: 0, checks: 0, person: 0, needs: 0 };
  for (const span of spans) {
    const kind = toWaitKind(span.state);
    if (kind !== null) totals[kind] += lengthOf(span, now);
  }
  return totals;
};

/** A period of one kind of wait, relative to a start. */
export type WaitBar = { readonly kind: WaitKind; readonly from: Millis; readonly to: Millis };

/** The waits of a step in their order, relative to `start`, for a chart; without waits for other steps. */
export const listWaitBars = (
  spans: readonly StateSpan<StepState>[],
  { start, now }: { readonly start: Millis; readonly now: Millis },
): WaitBar[] =>
  spans.flatMap((span) => {
    const kind = toWaitKind(span.state);
    const from = Math.max(0, span.from - start);
    return kind === null || kind === "needs" ? [] : [{ kind, from, to: from + lengthOf(span, now) }];
  });

/** The times at which a step first was ready and at which the step ended; null before the start or the end. */
export const boundsOf = (spans: readonly StateSpan<StepState>[]): { readonly from: Millis | null; readonly to: Millis | null } => {
  const first = spans.find(({ state }) => toWaitKind(state) !== "needs");
  const last = spans.at(-1);
  return { from: first?.from ?? null, to: last && toWaitKind(last.state) === null ? last.from : null };
};

/** The chain of steps that determined the end: from the last step back through the last need to end. */
export const findCriticalPath = ({ steps }: ExecutionTimeline, plan: Plan, now: Millis): StepId[] => {
  const endOf = (id: StepId): Millis => boundsOf(steps[id] ?? []).to ?? now;
  const begun = plan.steps.filter(({ id }) => boundsOf(steps[id] ?? []).from !== null);
  const byId = new Map(begun.map((step) => [step.id, step]));
  const latest = (ids: readonly StepId[]): StepId | null =>
    ids.filter((id) => byId.has(id)).reduce<StepId | null>((best, id) => (best === null || endOf(id) > endOf(best) ? id : best), null);
  const path: StepId[] = [];
  for (let id = latest([...byId.keys()]); id !== null && !path.includes(id);) {
    path.unshift(id);
    const planned = byId.get(id);
    id = planned ? latest(listNeededSteps(planned)) : null;
  }
  return path;
};

/** A step that waited for a person has not failed: its next attempt is the person's wish. */
const explainRetry = ({ state, reason }: StateSpan<StepState>): string => {
  if (state === "waiting") return "a person asked for another attempt";
  // A failure has a reason.
  return state === "running" && reason === "" ? "the attempt was interrupted" : reason;
};

/** Attempts beyond the first, with their reasons. */
export const listRetries = (spans: readonly StateSpan<StepState>[]): { readonly attempt: number; readonly reason: string }[] =>
  spans.flatMap((span, index) => {
    const before = spans.slice(0, index).findLast(({ attempt }) => attempt > 0 && attempt < span.attempt);
    const isNew = span.state === "running" && span.attempt > 1 && before !== undefined;
    return isNew ? [{ attempt: span.attempt, reason: explainRetry(before) }] : [];
  });
