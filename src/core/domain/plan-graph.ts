import { isStepId, type StepId } from "./ids.ts";
import { listNeededSteps, type Plan, type PlannedStep } from "./plan.ts";
import { refuse, type Result, accept } from "./refusal.ts";

/** Step ids in an order in which every step comes after what it needs, first-come among equals; null when there is a cycle or an id twice. */
export const orderStepIds = (steps: readonly PlannedStep[]): StepId[] | null => sortTopologically(steps)?.map(({ id }) => id) ?? null;

/** Steps in topological order; none when there is a cycle. */
export const orderSteps = (steps: readonly PlannedStep[]): readonly PlannedStep[] => sortTopologically(steps) ?? [];

/** By places in lists and not by objects: a decision on 10,000 steps sorts them every time. */
const sortTopologically = (steps: readonly PlannedStep[]): PlannedStep[] | null => {
  const { open, needers, unique } = linkNeeds(steps);
  if (!unique) return null;
  const ready: number[] = [];
  for (let at = 0; at < steps.length; at += 1) if (open[at] === 0) ready.push(at);
  const order: PlannedStep[] = [];
  for (let next = 0; next < ready.length; next += 1) {
    const place = ready[next] ?? 0;
    const step = steps[place];
    if (step) order.push(step);
    for (const needer of needers[place] ?? []) {
      const left = (open[needer] ?? 0) - 1;
      open[needer] = left;
      if (left === 0) ready.push(needer);
    }
  }
  return order.length === steps.length ? order : null;
};

type NeedLinks = {
  /** For each step how many it still waits for. What is not there is waited for without end. */
  readonly open: Int32Array;
  /** For each step the places of those that need it. */
  readonly needers: readonly (number[] | undefined)[];
  /** True when no two steps have one id. */
  readonly unique: boolean;
};

const linkNeeds = (steps: readonly PlannedStep[]): NeedLinks => {
  const places = new Map<StepId, number>();
  for (const [place, { id }] of steps.entries()) places.set(id, place);
  const open = new Int32Array(steps.length);
  const needers: (number[] | undefined)[] = Array.from({ length: steps.length });
  for (const [place, { needs }] of steps.entries()) {
    for (const need of needs) {
      if (!("step" in need)) continue;
      open[place] = (open[place] ?? 0) + 1;
      const needed = places.get(need.step);
      if (needed !== undefined) (needers[needed] ??= []).push(place);
    }
  }
  return { open, needers, unique: places.size === steps.length };
};

/** One cycle as a path that ends where it began; null when there is none. */
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
    const why = step.id in Object.prototype ? "is a reserved word" : "must match [a-z0-9][a-z0-9_-]{0,62}";
    return refuse("bad-step-id", `step id '${step.id}' ${why}`);
  }
  for (const need of listNeededSteps(step)) {
    if (need === step.id) return refuse("own-need", `step '${step.id}' cannot depend on itself`);
    if (!ids.has(need)) return refuse("unknown-need", `step '${step.id}' depends on unknown step '${need}'`);
  }
  return null;
};

/**
 * A plan whose graph can run. Refusals: `no-steps`, `too-many-steps`, `duplicate-step`, `bad-step-id`, `own-need`, `unknown-need`, `cycle`.
 */
export const checkPlan = (plan: Plan, maxSteps: number): Result<Plan> => {
  const { steps } = plan;
  if (steps.length === 0) return refuse("no-steps", "steps array must not be empty");
  if (steps.length > maxSteps) return refuse("too-many-steps", `a plan has at most ${maxSteps} steps, this one has ${steps.length}`);
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

/** Steps that are to join a graph that is there. Refusals: those of {@link checkPlan}, `step-exists`. Nothing of what is refused is added. */
export const checkAddition = (
  existing: readonly Pick<PlannedStep, "id" | "needs">[],
  added: readonly PlannedStep[],
  maxSteps: number,
): Result<readonly PlannedStep[]> => {
  if (added.length === 0) return refuse("no-steps", "steps array must not be empty");
  const there = new Set(existing.map(({ id }) => id));
  const known = added.find(({ id }) => there.has(id));
  if (known) return refuse("step-exists", `step id '${known.id}' already exists in this execution`);
  // Of a step that is there only its place in the graph matters here.
  const whole = checkPlan({ steps: [...existing.map((step) => ({ ...step }) as PlannedStep), ...added] }, maxSteps);
  return whole.ok ? accept(added) : whole;
};

/** A plan with more steps, all of them or none; what is there stays as it is. Refusals: those of {@link checkAddition}. */
export const appendSteps = (plan: Plan, steps: readonly PlannedStep[], maxSteps: number): Result<Plan> => {
  const checked = checkAddition(plan.steps, steps, maxSteps);
  return checked.ok ? accept({ steps: [...plan.steps, ...steps] }) : checked;
};
