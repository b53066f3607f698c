import type { StepId, TaskId } from "./ids.ts";

export const TIERS = ["light", "standard", "heavy"] as const;
export type Tier = (typeof TIERS)[number];
/** One default everywhere: tool, scheduler and prompt. */
export const DEFAULT_TIER: Tier = "standard";

/** When a need holds: `merged` landed · `completed` the worker is done · `started` it runs. */
export const NEED_CONDITIONS = ["merged", "completed", "started"] as const;
type NeedCondition = (typeof NEED_CONDITIONS)[number];

export type StepNeed =
  | { readonly step: StepId; readonly condition: NeedCondition }
  | { readonly task: TaskId; readonly condition: NeedCondition };

/** A step as it was proposed and approved: it does not change. */
export type PlannedStep = {
  readonly id: StepId;
  readonly title: string;
  readonly description: string;
  readonly tier: Tier;
  /** A role's name; null works without a persona. */
  readonly role: string | null;
  /** `branch` lands files, `artifact` leaves a report; taken from the role when the plan is proposed. */
  readonly output: "branch" | "artifact";
  readonly needs: readonly StepNeed[];
  readonly checkpoint: boolean;
  /** Globs that the step may change; empty allows all that the policy allows. */
  readonly paths: readonly string[];
  /** Commands that verify this step beside the repository's own. */
  readonly verify: readonly string[];
  /** Whether what needs it goes on by itself where it finds nothing to do. */
  readonly optional: boolean;
  /** A shell command that takes the agent's place. */
  readonly run: string | null;
};

export type Plan = { readonly steps: readonly PlannedStep[] };

/** The steps of this execution that a step needs. */
export const listNeededSteps = ({ needs }: Pick<PlannedStep, "needs">): readonly StepId[] => {
  const steps: StepId[] = [];
  for (const need of needs) if ("step" in need) steps.push(need.step);
  return steps;
};

/** Needs on tasks of other executions. */
export const listNeededTasks = ({ needs }: Pick<PlannedStep, "needs">): readonly TaskId[] => {
  const tasks: TaskId[] = [];
  for (const need of needs) if ("task" in need) tasks.push(need.task);
  return tasks;
};
