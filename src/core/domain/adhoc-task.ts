import type { RecordedCommand } from "./command.ts";
import { type ExecutionId, deriveExecutionId } from "./ids.ts";
import { LONE_STEP, type PlannedStep } from "./plan.ts";
import type { Execution } from "./execution.ts";
import { readOwn } from "./own-record.ts";
import { takeFirstChars } from "./visible-text.ts";

/** Ids of the only step of a standalone task, of a quick task, and of a question. */
export const TASK_STEP_ID = "task";
export const QUICK_STEP_ID = "quick";
export const ANSWER_STEP_ID = "answer";
/** The built-in role that reads and reports. */
const ANSWERING_ROLE = "researcher";

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
  title: toTitle(prompt) || "Quick task",
  description: prompt,
});

/** The step that answers a question: its agent may not change files, and reports. */
export const toAnswerStep = (question: string): PlannedStep => ({
  ...LONE_STEP,
  id: ANSWER_STEP_ID,
  title: toTitle(question) || "Question",
  description: question,
  role: ANSWERING_ROLE,
  output: "artifact",
});

const toTitle = (text: string): string => takeFirstChars(text.trim().split("\n")[0] ?? "", 100);

/** Whether an execution only answers a question. */
export const isQuestion = ({ quick, steps }: Pick<Execution, "quick" | "steps">): boolean =>
  quick === true && readOwn(steps, ANSWER_STEP_ID) !== undefined;
