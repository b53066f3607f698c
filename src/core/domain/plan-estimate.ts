import type { StepId } from "./ids.ts";
import { listNeededSteps, type Plan, type PlannedStep } from "./plan.ts";
import { orderSteps } from "./plan-graph.ts";
import { LANDING_KEY, type StepHistory, toHistoryKey } from "./step-history.ts";

/** `usual`: half of the earlier steps stayed below. `high`: nine of ten did. */
export type EstimatedAmount = { readonly usual: number; readonly high: number };

export type StepEstimate = {
  readonly id: StepId;
  /** Milliseconds; null without history. */
  readonly ms: EstimatedAmount | null;
  /** US dollars; null if no agent reported a cost. */
  readonly usd: EstimatedAmount | null;
  /** The number of earlier steps behind the estimate. */
  readonly samples: number;
};

export type PlanEstimate = {
  readonly steps: readonly StepEstimate[];
  /** The longest way through the needs, with the time of each landing that the next step awaits. */
  readonly criticalPath: readonly StepId[];
  readonly ms: EstimatedAmount;
  /** The sum of all steps; null if no cost is known. */
  readonly usd: EstimatedAmount | null;
  /** Steps without history, which the sums lack. */
  readonly unknown: readonly StepId[];
};

const NOTHING: EstimatedAmount = { usual: 0, high: 0 };
const HIGH_SHARE = 0.9;
const USUAL_SHARE = 0.5;

/** Nearest rank. */
const findRank = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;

const summarize = (values: readonly number[]): EstimatedAmount | null => {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return { usual: findRank(sorted, USUAL_SHARE), high: findRank(sorted, HIGH_SHARE) };
};

const add = (left: EstimatedAmount, right: EstimatedAmount | null): EstimatedAmount => ({
  usual: left.usual + (right?.usual ?? 0),
  high: left.high + (right?.high ?? 0),
});

const estimateStep = (step: PlannedStep, history: StepHistory): StepEstimate => {
  const known = history[toHistoryKey(step)] ?? { ms: [], usd: [] };
  // A command costs nothing.
  return { id: step.id, ms: summarize(known.ms), usd: step.run === null ? summarize(known.usd) : NOTHING, samples: known.ms.length };
};

type StepEstimates = {
  readonly steps: readonly StepEstimate[];
  /** From a head to its landing; null without history. */ readonly landing: EstimatedAmount | null;
};

/** Estimates each step of a plan from the history of its repository. */
export const estimateSteps = (plan: Plan, history: StepHistory): StepEstimates => ({
  steps: plan.steps.map((step) => estimateStep(step, history)),
  landing: summarize(history[LANDING_KEY]?.ms ?? []),
});

/** Estimates a plan from the history of its repository; null if no step of the plan has a history. */
export const estimatePlan = (plan: Plan, history: StepHistory): PlanEstimate | null => sumEstimates(plan, estimateSteps(plan, history));

/** Joins the estimates of the steps; null if no step has one. */
export const sumEstimates = (plan: Plan, { steps, landing }: StepEstimates): PlanEstimate | null => {
  const known = steps.filter(({ ms }) => ms !== null);
  if (known.length === 0) return null;
  const costs = known.flatMap(({ usd }) => usd ?? []);
  const isCostKnown = plan.steps.some(({ run }, at) => run === null && steps[at]?.ms && steps[at].usd);
  return {
    steps,
    ...findCriticalPath(plan, new Map(steps.map((step) => [step.id, step])), landing),
    usd: isCostKnown ? costs.reduce((sum, each) => add(sum, each), NOTHING) : null,
    unknown: steps.flatMap(({ id, ms }) => (ms === null ? [id] : [])),
  };
};

type TimedPath = { readonly path: readonly StepId[]; readonly ms: EstimatedAmount };

/** The path with the longest usual time. Work that lands adds the time of its landing. */
const findCriticalPath = (
  plan: Plan,
  steps: ReadonlyMap<StepId, StepEstimate>,
  landing: EstimatedAmount | null,
): Pick<PlanEstimate, "criticalPath" | "ms"> => {
  const longest = new Map<StepId, TimedPath>();
  const pickLonger = (one: TimedPath, other: TimedPath): TimedPath => (other.ms.usual > one.ms.usual ? other : one);
  for (const step of orderSteps(plan.steps)) {
    const before = listNeededSteps(step).flatMap((need) => longest.get(need) ?? []);
    const start = before.reduce(pickLonger, { path: [], ms: NOTHING });
    const worked = add(start.ms, steps.get(step.id)?.ms ?? null);
    longest.set(step.id, { path: [...start.path, step.id], ms: step.output === "branch" ? add(worked, landing) : worked });
  }
  const { path, ms } = [...longest.values()].reduce(pickLonger, { path: [], ms: NOTHING });
  return { criticalPath: path, ms };
};
