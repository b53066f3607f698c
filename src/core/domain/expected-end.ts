import type { ExecutionEstimate } from "./execution-estimate.ts";
import type { Execution } from "./execution.ts";
import type { Hash, Millis, StepId } from "./ids.ts";
import { listNeededSteps, type Plan, type PlannedStep } from "./plan.ts";
import { estimateSteps } from "./plan-estimate.ts";
import { orderSteps } from "./plan-graph.ts";
import type { StepHistory } from "./step-history.ts";
import { findOpenConflict, type Step } from "./step.ts";

type EstimatedPlan = { readonly plan: Plan; readonly hash: Hash };

/** Estimates a plan that starts or grows. Steps that were estimated before keep their estimate. */
export const createEstimate = (
  { plan, hash }: EstimatedPlan,
  history: StepHistory,
  before: ExecutionEstimate | undefined,
): ExecutionEstimate => {
  const { steps, landing } = estimateSteps(plan, history);
  const known = steps.flatMap(({ id, ms, usd }) => (ms === null ? [] : [[id, { ms: ms.usual, ...(usd && { usd: usd.usual }) }] as const]));
  return { plan: hash, steps: { ...Object.fromEntries(known), ...before?.steps }, ...(landing && { landing: landing.usual }) };
};

type EndFacts = {
  readonly now: Millis;
  /** The start of a running step's attempt; undefined if unknown. */
  readonly startOf: (step: Step) => Millis | undefined;
};

/** The expected end of the last step, by the longest way through the remaining steps; null if a person must act first, or without history. */
export const findExpectedEnd = (execution: Execution, plan: Plan, facts: EndFacts): Millis | null => {
  const { estimate, steps } = execution;
  if (!estimate) return null;
  const ends = new Map<StepId, Millis>();
  for (const planned of orderSteps(plan.steps)) {
    const begin = Math.max(facts.now, ...listNeededSteps(planned).flatMap((need) => ends.get(need) ?? []));
    const end = findStepEnd(steps[planned.id], { planned, begin, estimate }, facts);
    if (end === null) return null;
    ends.set(planned.id, end);
  }
  return Math.max(facts.now, ...ends.values());
};

/** `begin`: the end of its needs. */
type NextStep = { readonly planned: PlannedStep; readonly begin: Millis; readonly estimate: ExecutionEstimate };

/** The state of a step that ends without a person. */
type ActiveState = "pending" | "ready" | "running" | "published";
const isActive = (step: Step): step is Step & { readonly state: ActiveState } =>
  (step.state === "pending" || step.state === "ready" || step.state === "running" || step.state === "published") && !findOpenConflict(step);

const isOver = ({ state }: Step): boolean => state === "done" || state === "skipped" || state === "cancelled";

const findStepEnd = (step: Step | undefined, { planned, begin, estimate }: NextStep, facts: EndFacts): Millis | null => {
  if (!step) return null;
  if (isOver(step)) return facts.now;
  const way = planned.output === "branch" ? estimate.landing : 0;
  if (!isActive(step) || way === undefined) return null;
  if (step.state === "published") return Math.max(begin, (step.head?.since ?? facts.now) + way);
  const work = estimate.steps[step.id]?.ms;
  return work === undefined ? null : findWorkEnd(step, { begin, work }, facts) + way;
};

const findWorkEnd = (step: Step, { begin, work }: { readonly begin: Millis; readonly work: Millis }, { now, startOf }: EndFacts): Millis =>
  step.state === "running" ? Math.max(begin, (startOf(step) ?? now) + work) : Math.max(begin, step.notBefore) + work;
