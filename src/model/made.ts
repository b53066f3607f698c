import type { Command } from "./command.ts";
import { type ExecutionId, executionId } from "./ids.ts";
import type { PlannedStep } from "./plan.ts";
import { cut } from "./visible.ts";

/** The one step of a standalone task, and of a quick one. */
export const TASK_STEP = "task";
export const QUICK_STEP = "quick";

/** The execution that the n-th task which a job made of its own becomes: the tool prints it, the result that is taken in makes it. */
export const madeId = (job: string, ordinal: number, taken: (id: ExecutionId) => boolean): ExecutionId =>
  executionId(`made:${job}/${ordinal}`, taken);

export type Making = Extract<Command, { kind: "create-task" | "quick" }>;

export const isMaking = (command: Command): command is Making => command.kind === "create-task" || command.kind === "quick";

/** A quick task as a step: what was asked for is all that it is told. */
export const quickStep = (prompt: string): PlannedStep => ({
  id: QUICK_STEP,
  title: cut(prompt.trim().split("\n")[0] ?? "", 100) || "Quick task",
  description: prompt,
  tier: "light",
  role: null,
  output: "branch",
  needs: [],
  checkpoint: false,
  paths: [],
  verify: [],
  optional: false,
  run: null,
});
