import type { Command } from "./command.ts";
import { type ExecutionId, deriveExecutionId } from "./ids.ts";
import type { PlannedStep } from "./plan.ts";
import { takeFirstChars } from "./visible-text.ts";

/** The one step of a standalone task, and of a quick one. */
export const TASK_STEP_ID = "task";
export const QUICK_STEP_ID = "quick";

/** The execution that the n-th task which a job made of its own becomes: the tool prints it, the result that is taken in makes it. */
export const deriveAdhocTaskId = (job: string, ordinal: number, taken: (id: ExecutionId) => boolean): ExecutionId =>
  deriveExecutionId(`made:${job}/${ordinal}`, taken);

export type TaskCreation = Extract<Command, { kind: "create-task" | "quick" }>;

export const isTaskCreation = (command: Command): command is TaskCreation => command.kind === "create-task" || command.kind === "quick";

/** A quick task as a step: what was asked for is all that it is told. */
export const toQuickStep = (prompt: string): PlannedStep => ({
  id: QUICK_STEP_ID,
  title: takeFirstChars(prompt.trim().split("\n")[0] ?? "", 100) || "Quick task",
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
