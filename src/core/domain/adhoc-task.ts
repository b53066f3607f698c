import type { RecordedCommand } from "./command.ts";
import { type ExecutionId, deriveExecutionId } from "./ids.ts";
import { LONE_STEP, type PlannedStep } from "./plan.ts";
import { takeFirstChars } from "./visible-text.ts";

/** Ids of the only step of a standalone task and of a quick task. */
export const TASK_STEP_ID = "task";
export const QUICK_STEP_ID = "quick";

/** The execution id of the n-th task that a job creates. The tool prints the same id before the job's result is applied. */
export const deriveAdhocTaskId = (job: string, ordinal: number, taken: (id: ExecutionId) => boolean): ExecutionId =>
  deriveExecutionId(`made:${job}/${ordinal}`, taken);

export type TaskCreation = Extract<RecordedCommand, { kind: "create-task" | "quick" }>;

export const isTaskCreation = (command: RecordedCommand): command is TaskCreation =>
  command.kind === "create-task" || command.kind === "quick";

/** The prompt is the whole task description. */
export const toQuickStep = (prompt: string): PlannedStep => ({
  ...LONE_STEP,
  id: QUICK_STEP_ID,
  title: takeFirstChars(prompt.trim().split("\n")[0] ?? "", 100) || "Quick task",
  description: prompt,
});
