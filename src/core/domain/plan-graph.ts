import {
  NO_STEPS_REFUSAL,
  refuseBadStepId,
  refuseCycle,
  refuseDuplicateStep,
  refuseExistingStep,
  refuseOwnNeed,
  refuseTooManySteps,
  refuseUnknownNeed,
} from "../messages/refusals/plans.ts";
import { isStepId, type StepId } from "./ids.ts";
import { listNeededSteps, type Plan, type PlannedStep } from "./plan.ts";
import { checkStepTexts, checkVisible } from "./plan-texts.ts";
import { type Result, accept } from "./refusal.ts";

/** Step ids in topological order, in plan order among equals. `null` for a cycle or a duplicate id. */
export const orderStepIds = (steps: readonly PlannedStep[]): StepId[] | null => sortTopologically(steps)?.map(({ id }) => id) ?? null;

/** Steps in topological order; empty for a cycle or a duplicate id. */
export const orderSteps = (steps: readonly PlannedStep[]): readonly PlannedStep[] => sortTopologically(steps) ?? [];

const sortTopologically = (steps: readonly PlannedStep[]): PlannedStep[] | null => {
  const { order, unique } = settleNeeds(steps);
  return unique && order.length === steps.length ? order : null;
};

type SettledNeeds = Pick<NeedLinks, "open" | "unique"> & {
  /** The steps whose needs are met, each after its needs. */
  readonly order: PlannedStep[];
};

/** Meets all possible needs. Works on list indexes instead of objects, because a decision sorts up to 10,000 steps. */
const settleNeeds = (steps: readonly PlannedStep[]): SettledNeeds => {
  const { open, needers, unique } = linkNeeds(steps);
  const ready: number[] = [];
  for (let at = 0; at < steps.length; at += 1) if (open[at] === 0) ready.push(at);
  const order: PlannedStep[] = [];
  for (let next = 0; next < ready.length; next += 1) {
    const index = ready[next] ?? 0;
    const step = steps[index];
    if (step) order.push(step);
    for (const needer of needers[index] ?? []) {
      const unmet = (open[needer] ?? 0) - 1;
      open[needer] = unmet;
      if (unmet === 0) ready.push(needer);
    }
  }
  return { order, open, unique };
};

type NeedLinks = {
  /** Number of unmet needs for each step. A need on an unknown step is never met. */
  readonly open: Int32Array;
  /** Indexes of the dependents for each step. */
  readonly needers: readonly (number[] | undefined)[];
  /** Whether all step ids are distinct. */
  readonly unique: boolean;
};

const linkNeeds = (steps: readonly PlannedStep[]): NeedLinks => {
  const indexById = new Map<StepId, number>();
  for (const [index, { id }] of steps.entries()) indexById.set(id, index);
  const open = new Int32Array(steps.length);
  const needers: (number[] | undefined)[] = Array.from({ length: steps.length });
  for (const [index, { needs }] of steps.entries()) {
    for (const need of needs) {
      if (!("step" in need)) continue;
      open[index] = (open[index] ?? 0) + 1;
      const needed = indexById.get(need.step);
      if (needed !== undefined) (needers[needed] ??= []).push(index);
    }
  }
  return { open, needers, unique: indexById.size === steps.length };
};

/** One cycle as a path that starts and ends at its first step in plan order; null without a cycle. Visits each need a few times at most. */
const findNeedCycle = (steps: readonly PlannedStep[]): StepId[] | null => {
  const { order, open } = settleNeeds(steps);
  if (order.length === steps.length) return null;
  const cycle = walkIntoCycle(new Map(steps.flatMap((step, index) => ((open[index] ?? 0) > 0 ? [[step.id, step] as const] : []))));
  const indexes = new Map(steps.map(({ id }, index) => [id, index]));
  const first = cycle.reduce((best, id, at) => ((indexes.get(id) ?? 0) < (indexes.get(cycle[best] ?? "") ?? 0) ? at : best), 0);
  return [...cycle.slice(first), ...cycle.slice(0, first + 1)];
};

/** Follows needs among steps that all need another one of them, until a step repeats: the steps since its first visit are a cycle. */
const walkIntoCycle = (unordered: ReadonlyMap<StepId, PlannedStep>): StepId[] => {
  const path: StepId[] = [];
  const visited = new Map<StepId, number>();
  let [at] = unordered.values();
  while (at) {
    const before = visited.get(at.id);
    if (before !== undefined) return path.slice(before);
    visited.set(at.id, path.length);
    path.push(at.id);
    at = unordered.get(listNeededSteps(at).find((id) => unordered.has(id)) ?? "");
  }
  return [];
};

const findStepFault = (step: PlannedStep, ids: ReadonlySet<StepId>): Result<never> | null => {
  const hidden = checkVisible({ name: "a step id", text: step.id }, "name");
  if (hidden) return { ok: false, refusal: hidden };
  if (!isStepId(step.id)) {
    const reason = step.id in Object.prototype ? "is a reserved word" : "must match [a-z0-9][a-z0-9_-]{0,62}";
    return refuseBadStepId(step.id, reason);
  }
  for (const need of listNeededSteps(step)) {
    if (need === step.id) return refuseOwnNeed(step.id);
    if (!ids.has(need)) return refuseUnknownNeed(step.id, need);
  }
  return null;
};

const MAX_CYCLE_STEPS_SHOWN = 20;

/** The middle of a long cycle is left out. */
export const formatCycle = (cycle: readonly string[]): string =>
  (cycle.length <= MAX_CYCLE_STEPS_SHOWN
    ? cycle
    : [...cycle.slice(0, MAX_CYCLE_STEPS_SHOWN - 2), `(${cycle.length - MAX_CYCLE_STEPS_SHOWN + 1} more steps)`, cycle.at(-1)]
  ).join(" -> ");

/** Accepts steps with a valid graph. Refusals: `no-steps`, `too-many-steps`, `duplicate-step`, `hidden-character`, `bad-step-id`, `own-need`, `unknown-need`, `cycle`. */
const checkGraph = (steps: readonly PlannedStep[], maxSteps: number): Result<readonly PlannedStep[]> => {
  if (steps.length === 0) return NO_STEPS_REFUSAL;
  if (steps.length > maxSteps) return refuseTooManySteps(maxSteps, steps.length);
  const ids = new Set<StepId>();
  for (const step of steps) {
    if (ids.has(step.id)) return refuseDuplicateStep(step.id);
    ids.add(step.id);
  }
  for (const step of steps) {
    const fault = findStepFault(step, ids);
    if (fault) return fault;
  }
  const cycle = findNeedCycle(steps);
  return cycle ? refuseCycle(formatCycle(cycle)) : accept(steps);
};

/** Accepts steps whose texts a person sees completely. Refusals: those of checkStepTexts. */
export const checkTexts = (steps: readonly PlannedStep[]): Result<readonly PlannedStep[]> => {
  for (const step of steps) {
    const refusal = checkStepTexts(step);
    if (refusal) return { ok: false, refusal };
  }
  return accept(steps);
};

/** Accepts a plan that a person may approve. Refusals: those of the graph (`cycle`, …) and of the texts (`hidden-character`, …). */
export const checkPlan = (plan: Plan, maxSteps: number): Result<Plan> => {
  const graph = checkGraph(plan.steps, maxSteps);
  const checked = graph.ok ? checkTexts(plan.steps) : graph;
  return checked.ok ? accept(plan) : checked;
};

/**
 * Checks an addition of steps to an existing graph. Accepts the whole addition or nothing. Refusals: the refusals of {@link checkPlan},
 * `step-exists`.
 */
export const checkAddition = (
  existing: readonly Pick<PlannedStep, "id" | "needs">[],
  added: readonly PlannedStep[],
  maxSteps: number,
): Result<readonly PlannedStep[]> => {
  if (added.length === 0) return NO_STEPS_REFUSAL;
  const existingIds = new Set(existing.map(({ id }) => id));
  const duplicate = added.find(({ id }) => existingIds.has(id));
  if (duplicate) return refuseExistingStep(duplicate.id);
  // Only `id` and `needs` of existing steps matter to the check of the graph.
  const graph = checkGraph([...existing.map((step) => ({ ...step }) as PlannedStep), ...added], maxSteps);
  return graph.ok ? checkTexts(added) : graph;
};

/** Appends all steps or none; existing steps stay unchanged. Refusals: those of {@link checkAddition}. */
export const appendSteps = (plan: Plan, steps: readonly PlannedStep[], maxSteps: number): Result<Plan> => {
  const checked = checkAddition(plan.steps, steps, maxSteps);
  return checked.ok ? accept({ steps: [...plan.steps, ...steps] }) : checked;
};
