import type { Execution } from "../domain/execution.ts";
import type { ExecutionTimeline } from "../domain/execution-timeline.ts";
import type { Millis, StepId } from "../domain/ids.ts";
import type { Plan } from "../domain/plan.ts";
import { type EstimatedAmount, sumEstimates } from "../domain/plan-estimate.ts";
import { sumAttempts } from "../domain/step-history.ts";
import { formatDuration } from "./duration-text.ts";

/** Estimated and actual amounts; null without history, before the end, or without a report. */
export type ComparedAmounts = {
  readonly expectedMs: Millis | null;
  readonly ms: Millis | null;
  readonly expectedUsd: number | null;
  readonly usd: number | null;
};

/** The estimate of an execution beside its actual amounts. `total`: along the critical path, from the start of the plan to its end. */
export type EstimateComparison = {
  readonly steps: readonly (ComparedAmounts & { readonly id: StepId })[];
  readonly total: ComparedAmounts;
};

type ComparedExecution = { readonly execution: Execution; readonly plan: Plan; readonly timeline: ExecutionTimeline };

/** From the start of the plan to its end; null before. */
const findTimeSinceStart = ({ states }: ExecutionTimeline): Millis | null => {
  const start = states.find(({ state }) => state === "running");
  const end = states.at(-1);
  return start && end && end.state === "done" ? end.from - start.from : null;
};

const toAmount = (value: number | undefined): EstimatedAmount | null => (value === undefined ? null : { usual: value, high: value });

/** Compares a recorded estimate with the actual amounts; null without one. */
export const compareEstimate = ({ execution, plan, timeline }: ComparedExecution): EstimateComparison | null => {
  const { estimate } = execution;
  if (!estimate || Object.keys(estimate.steps).length === 0) return null;
  const steps = plan.steps.map((planned) => {
    const { ms: expectedMs = null, usd: expectedUsd = null } = estimate.steps[planned.id] ?? {};
    const isOver = execution.steps[planned.id]?.state === "done";
    const { ms, usd } = isOver ? sumAttempts(execution, planned) : { ms: null, usd: null };
    return { id: planned.id, expectedMs, ms, expectedUsd, usd };
  });
  const forecast = plan.steps.map(({ id }) => {
    const { ms, usd } = estimate.steps[id] ?? {};
    return { id, ms: toAmount(ms), usd: toAmount(usd), samples: 1 };
  });
  const expected = sumEstimates(plan, { steps: forecast, landing: toAmount(estimate.landing) });
  const costs = steps.flatMap(({ usd }) => usd ?? []);
  return {
    steps,
    total: {
      expectedMs: expected?.ms.usual ?? null,
      ms: findTimeSinceStart(timeline),
      expectedUsd: expected?.usd?.usual ?? null,
      usd: costs.length === 0 ? null : costs.reduce((sum, each) => sum + each, 0),
    },
  };
};

const formatTime = (ms: Millis | null): string => (ms === null ? "" : formatDuration(ms));
const formatUsd = (usd: number | null): string => (usd === null ? "" : `$${usd.toFixed(2)}`);

export const COMPARISON_HEAD = ["step", "expected time", "time", "expected cost", "cost"] as const;
export const COMPARISON_NOTE =
  "Expected: the median of earlier steps with the same role and tier. A step's time is the time of its jobs. The total time runs from the start of the plan to its end: unlike the estimate, it includes landings and waits for people. The expected total leaves out steps without history.";

/** The cells of a row behind its name. */
export const formatComparedCells = ({ expectedMs, ms, expectedUsd, usd }: ComparedAmounts): readonly string[] => [
  expectedMs === null ? "no history" : formatTime(expectedMs),
  formatTime(ms),
  formatUsd(expectedUsd),
  formatUsd(usd),
];
