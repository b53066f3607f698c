import type { StepId, TaskId } from "./ids.ts";

export const TIERS = ["light", "standard", "heavy"] as const;
export type Tier = (typeof TIERS)[number];
export const DEFAULT_TIER: Tier = "standard";

/** A need is met once its step has landed (`merged`), is done (`completed`) or has started (`started`). */
export const NEED_CONDITIONS = ["merged", "completed", "started"] as const;
type NeedCondition = (typeof NEED_CONDITIONS)[number];

export type StepNeed =
  | { readonly step: StepId; readonly condition: NeedCondition }
  | { readonly task: TaskId; readonly condition: NeedCondition };

/** A step as proposed and approved. Immutable. */
export type PlannedStep = {
  readonly id: StepId;
  readonly title: string;
  readonly description: string;
  readonly tier: Tier;
  /** A role's name; null for no role. */
  readonly role: string | null;
  /** `branch` lands files, `artifact` delivers a report. Copied from the role when the plan is proposed. */
  readonly output: "branch" | "artifact";
  readonly needs: readonly StepNeed[];
  readonly checkpoint: boolean;
  /** Globs of paths that the step may change; empty for every path allowed by the policy. */
  readonly paths: readonly string[];
  /** Verification commands in addition to the repository's. */
  readonly verify: readonly string[];
  /** Whether dependents continue automatically if the step finds nothing to do. */
  readonly optional: boolean;
  /** A shell command to run instead of an agent. */
  readonly run: string | null;
};

/** The rest of a step that Enki plans itself: it changes files and needs no other step. */
export const LONE_STEP: Omit<PlannedStep, "id" | "title" | "description"> = {
  tier: "light",
  role: null,
  output: "branch",
  needs: [],
  checkpoint: false,
  paths: [],
  verify: [],
  optional: false,
  run: null,
};

export type Plan = { readonly steps: readonly PlannedStep[] };

/** Needs within the step's own execution. */
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
