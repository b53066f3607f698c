import type { Execution } from "../core/domain/execution.ts";
import type { PlannedStep } from "../core/domain/plan.ts";
import type { StepState } from "../core/domain/step.ts";

type ExpectedWork = {
  readonly execution: Pick<Execution, "state" | "steps">;
  readonly plan: { readonly steps: readonly Pick<PlannedStep, "id" | "output">[] } | null;
};

const UNPLANNED: readonly Execution["state"][] = ["planning", "asking", "proposed"];
const UNSTARTED: readonly StepState[] = ["pending", "ready", "blocked", "paused"];
const UNFINISHED: readonly StepState[] = [...UNSTARTED, "running", "published", "waiting"];

/**
 * How many jobs of a run may still start, without repetitions and corrections: one for each step that has not started, and one that
 * verifies; null before the plan is approved.
 */
export const countExpectedJobs = ({ execution, plan }: ExpectedWork): number | null => {
  if (UNPLANNED.includes(execution.state) || plan === null) return null;
  const steps = Object.values(execution.steps);
  const landing = new Set(plan.steps.flatMap(({ id, output }) => (output === "branch" ? [id] : [])));
  const unstarted = steps.filter(({ state }) => UNSTARTED.includes(state)).length;
  const isVerified = steps.some(({ id, state }) => landing.has(id) && UNFINISHED.includes(state));
  return unstarted + (isVerified ? 1 : 0);
};
