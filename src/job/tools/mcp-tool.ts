import { NO_JOB_REFUSAL } from "../../core/messages/refusals/tools.ts";
import type { z } from "zod";
import type { BacklogItem } from "../../core/domain/backlog-item.ts";
import type { RecordedCommand } from "../../core/domain/command.ts";
import type { Role } from "../../core/domain/config.ts";
import { checkRecordedTexts } from "../../core/domain/recorded-texts.ts";
import type { ExecutionId } from "../../core/domain/ids.ts";
import type { JobKey } from "../../core/domain/job.ts";
import type { Refusal, RefusedResult } from "../../core/domain/refusal.ts";
import type { ToolSet } from "../../core/domain/tool-set.ts";
import type { ExecutionView } from "../../core/domain/execution-view.ts";
import type { JobMailbox } from "./job-mailbox.ts";

/** The rights and the data of the tools. Only the job sets them; the relay's arguments cannot change them. */
export type ToolContext = {
  readonly toolSet: ToolSet;
  readonly canEdit: boolean;
  readonly roles: Readonly<Record<string, Role>>;
  readonly maxSteps: number;
  /** The job that the tools serve; null outside a job. */
  readonly job: JobKey | null;
  /** The job's execution; null outside a job. */
  readonly ownExecution: ExecutionId | null;
  /** The ledger's executions at the job's start. */
  readonly executions: readonly ExecutionView[];
  /** The backlog's open items when the planner's job was requested. */
  readonly backlog: readonly BacklogItem[];
  /** Is null if the agent has no mail. */
  readonly mail: JobMailbox | null;
  /** Records a command that takes effect when the job's result is accepted. Is null if the tools are read-only. */
  readonly record: ((command: RecordedCommand) => void) | null;
  /** The number of ad-hoc tasks recorded so far. */
  readonly countTaskCreations: () => number;
  /** Receives the refusal of each refused plan; the planner receives it too. */
  readonly reportRefusedPlan?: (refusal: Refusal) => void;
  /** Edits a file of the workspace; null if editing is not allowed. */
  readonly editFile: ((path: string, edits: readonly string[] | null) => Promise<{ text: string } | { refused: Refusal }>) | null;
};

export type ToolAnswer = { readonly text: string; readonly structured: Record<string, unknown>; readonly isError: boolean };

export type McpTool = {
  readonly name: string;
  readonly summary: string;
  /** The tool sets that have the tool: P planner · W worker · N worker that may not edit · M merger · S sidecar. */
  readonly rights: string;
  readonly input: z.ZodObject;
  /** Whether the tool parses its arguments itself, because plan refusals have their own messages. */
  readonly raw?: true;
  readonly run: (context: ToolContext, args: Record<string, unknown>) => ToolAnswer | Promise<ToolAnswer>;
};

/** Defines a tool whose arguments are typed by its schema. */
export const defineTool = <I extends z.ZodObject>(
  defined: Omit<McpTool, "input" | "run" | "raw"> & {
    readonly input: I;
    readonly run: (context: ToolContext, args: z.output<I>) => ToolAnswer | Promise<ToolAnswer>;
  },
  // callTool passes the schema's parsed output to `run`.
): McpTool => defined as unknown as McpTool;

export const answerWith = (text: string, structured: Record<string, unknown> = {}): ToolAnswer => ({ text, structured, isError: false });
export const answerError = ({ code, message }: Pick<Refusal, "code" | "message">): ToolAnswer => ({
  text: message,
  structured: { code, why: message },
  isError: true,
});
export const answerRefusal = ({ refusal }: RefusedResult): ToolAnswer => answerError(refusal);

/** Records a command and confirms it; refuses if nothing can be recorded, or if a text has hidden characters. */
export const recordCommand = (
  context: ToolContext,
  command: RecordedCommand,
  answer: { readonly text: string; readonly structured?: Record<string, unknown> },
): ToolAnswer => {
  if (!context.record) return answerError(NO_JOB_REFUSAL);
  const hidden = checkRecordedTexts(command);
  if (hidden) return answerError(hidden);
  context.record(command);
  return answerWith(answer.text, answer.structured);
};
