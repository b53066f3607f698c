import { isStepId, type StepId } from "./ids.ts";
import { listNeededSteps, type Plan, type PlannedStep } from "./plan.ts";
import { refuse, type Result, accept } from "./refusal.ts";

/** Step ids in topological order, in plan order among equals. `null` for a cycle or a duplicate id. */
export const orderStepIds = (steps: readonly PlannedStep[]): StepId[] | null => sortTopologically(steps)?.map(({ id }) => id) ?? null;

/** Steps in topological order; empty for a cycle or a duplicate id. */
export const orderSteps = (steps: readonly PlannedStep[]): readonly PlannedStep[] => sortTopologically(steps) ?? [];

/** Works on list indexes instead of objects, because a decision sorts up to 10,000 steps. */
const sortTopologically = (steps: readonly PlannedStep[]): PlannedStep[] | null => {
  const { open, needers, unique } = linkNeeds(steps);
  if (!unique) return null;
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
  return order.length === steps.length ? order : null;
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

/** One cycle as a path that ends at its start; null without a cycle. */
const findNeedCycle = (steps: readonly PlannedStep[]): StepId[] | null => {
  const byId = new Map(steps.map((step) => [step.id, step]));
  if (orderStepIds(steps)) return null;
  const start = steps.find((step) => isReachable(step.id, step.id, byId));
  if (!start) return null;
  const path = [start.id];
  let at = start;
  for (;;) {
    const next = listNeededSteps(at).find((id) => id === start.id || isReachable(id, start.id, byId));
    if (next === undefined) return path;
    path.push(next);
    const step = byId.get(next);
    if (next === start.id || !step || path.length > steps.length + 1) return path;
    at = step;
  }
};

const isReachable = (from: StepId, to: StepId, steps: ReadonlyMap<StepId, PlannedStep>): boolean => {
  const seen = new Set<StepId>();
  const stack = [...(steps.get(from)?.needs ?? [])].flatMap((need) => ("step" in need ? [need.step] : []));
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (id === to) return true;
    const step = steps.get(id);
    if (seen.has(id) || !step) continue;
    seen.add(id);
    stack.push(...listNeededSteps(step));
  }
  return false;
};

const findStepFault = (step: PlannedStep, ids: ReadonlySet<StepId>): Result<never> | null => {
  if (!isStepId(step.id)) {
    const reason = step.id in Object.prototype ? "is a reserved word" : "must match [a-z0-9][a-z0-9_-]{0,62}";
    return refuse("bad-step-id", `step id '${step.id}' ${reason}`);
  }
  for (const need of listNeededSteps(step)) {
    if (need === step.id) return refuse("own-need", `step '${step.id}' cannot depend on itself`);
    if (!ids.has(need)) return refuse("unknown-need", `step '${step.id}' depends on unknown step '${need}'`);
  }
  return null;
};

/** Accepts a plan with a valid graph. Refusals: `no-steps`, `too-many-steps`, `duplicate-step`, `bad-step-id`, `own-need`, `unknown-need`, `cycle`. */
export const checkPlan = (plan: Plan, maxSteps: number): Result<Plan> => {
  const { steps } = plan;
  if (steps.length === 0) return refuse("no-steps", "steps array must not be empty");
  if (steps.length > maxSteps) return refuse("too-many-steps", `a plan has at most ${maxSteps} steps, but this plan has ${steps.length}`);
  const ids = new Set<StepId>();
  for (const step of steps) {
    if (ids.has(step.id)) return refuse("duplicate-step", `duplicate step id: ${step.id}`);
    ids.add(step.id);
  }
  for (const step of steps) {
    const fault = findStepFault(step, ids);
    if (fault) return fault;
  }
  const cycle = findNeedCycle(steps);
  if (cycle) return refuse("cycle", `steps form a cycle: ${cycle.join(" -> ")}`);
  return accept(plan);
};

/** Checks steps to be added to an existing graph. Accepts all or none. Refusals: those of {@link checkPlan}, `step-exists`. */
export const checkAddition = (
  existing: readonly Pick<PlannedStep, "id" | "needs">[],
  added: readonly PlannedStep[],
  maxSteps: number,
): Result<readonly PlannedStep[]> => {
  if (added.length === 0) return refuse("no-steps", "steps array must not be empty");
  const existingIds = new Set(existing.map(({ id }) => id));
  const duplicate = added.find(({ id }) => existingIds.has(id));
  if (duplicate) return refuse("step-exists", `step id '${duplicate.id}' already exists in this execution`);
  // Only `id` and `needs` of existing steps matter to the check.
  const checked = checkPlan({ steps: [...existing.map((step) => ({ ...step }) as PlannedStep), ...added] }, maxSteps);
  return checked.ok ? accept(added) : checked;
};

/** Appends all steps or none; existing steps stay unchanged. Refusals: those of {@link checkAddition}. */
export const appendSteps = (plan: Plan, steps: readonly PlannedStep[], maxSteps: number): Result<Plan> => {
  const checked = checkAddition(plan.steps, steps, maxSteps);
  return checked.ok ? accept({ steps: [...plan.steps, ...steps] }) : checked;
};
