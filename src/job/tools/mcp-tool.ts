import type { z } from "zod";
import type { BacklogItem } from "../../core/domain/backlog-item.ts";
import type { Command } from "../../core/domain/command.ts";
import type { Role } from "../../core/domain/config.ts";
import type { ExecutionId } from "../../core/domain/ids.ts";
import type { JobKey } from "../../core/domain/job.ts";
import type { Refusal, RefusedResult } from "../../core/domain/refusal.ts";
import type { ToolSet } from "../../core/domain/tool-set.ts";
import type { ExecutionView } from "../../core/domain/execution-view.ts";
import type { JobMailbox } from "./job-mailbox.ts";

/** What the tools may see and do: decided by the job, never by the relay's arguments. */
export type ToolContext = {
  readonly toolSet: ToolSet;
  readonly canEdit: boolean;
  readonly roles: Readonly<Record<string, Role>>;
  readonly maxSteps: number;
  /** The job whose tools these are; null outside of one. */
  readonly job: JobKey | null;
  /** The execution that the job belongs to; null outside of one. */
  readonly ownExecution: ExecutionId | null;
  /** The executions of the ledger, as it was when the job began. */
  readonly executions: readonly ExecutionView[];
  /** The open items of the backlog, as they were when the planner's job was asked for. */
  readonly backlog: readonly BacklogItem[];
  /** Null where nobody sends or gets mail. */
  readonly mail: JobMailbox | null;
  /** Records what takes effect when the job's result is accepted. Null where nothing is recorded: read only. */
  readonly record: ((command: Command) => void) | null;
  /** How many tasks of their own were recorded so far. */
  readonly countTaskCreations: () => number;
  /** Hears what plans were refused for; the planner is told too. */
  readonly reportRefusedPlan?: (refusal: Refusal) => void;
  /** Edits a file of the workspace; null where nothing may be edited. */
  readonly editFile: ((path: string, edits: readonly string[] | null) => Promise<{ text: string } | { refused: Refusal }>) | null;
};

export type ToolAnswer = { readonly text: string; readonly structured: Record<string, unknown>; readonly isError: boolean };

export type McpTool = {
  readonly name: string;
  readonly summary: string;
  /** P planner · W worker · N worker that may not edit · M merger · S sidecar. */
  readonly rights: string;
  readonly input: z.ZodObject;
  /** True where the tool reads its arguments itself, because a plan's refusals have sentences of their own. */
  readonly raw?: true;
  readonly run: (context: ToolContext, args: Record<string, unknown>) => ToolAnswer | Promise<ToolAnswer>;
};

/** A tool whose arguments are those of its schema. */
export const defineTool = <I extends z.ZodObject>(
  defined: Omit<McpTool, "input" | "run" | "raw"> & {
    readonly input: I;
    readonly run: (context: ToolContext, args: z.output<I>) => ToolAnswer | Promise<ToolAnswer>;
  },
  // callTool gives to `run` what `input` made of the arguments.
): McpTool => defined as unknown as McpTool;

export const answerWith = (text: string, structured: Record<string, unknown> = {}): ToolAnswer => ({ text, structured, isError: false });
export const answerError = ({ code, message }: Pick<Refusal, "code" | "message">): ToolAnswer => ({
  text: message,
  structured: { code, why: message },
  isError: true,
});
export const answerRefusal = ({ refusal }: RefusedResult): ToolAnswer => answerError(refusal);

export const TAKES_EFFECT_LATER = "recorded, takes effect when this job's result is accepted";

/** Records a command and says so; refuses where nothing is recorded. */
export const recordCommand = (
  context: ToolContext,
  command: Command,
  told: { readonly text: string; readonly structured?: Record<string, unknown> },
): ToolAnswer => {
  if (!context.record) return answerError({ code: "read-only", message: "there is no job here: this tool records nothing" });
  context.record(command);
  return answerWith(told.text, told.structured);
};
