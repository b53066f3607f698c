import type { z } from "zod";
import type { BacklogItem } from "../model/backlog.ts";
import type { Command } from "../model/command.ts";
import type { Role } from "../model/config.ts";
import type { ExecutionId } from "../model/ids.ts";
import type { JobKey } from "../model/job.ts";
import type { Refusal, Refused } from "../model/refusal.ts";
import type { ToolSet } from "../model/rights.ts";
import type { ExecutionView } from "../model/views.ts";
import type { Mailbox } from "./mailbox.ts";

/** What the tools may see and do: decided by the job, never by the relay's arguments. */
export type ToolContext = {
  readonly toolSet: ToolSet;
  readonly canEdit: boolean;
  readonly roles: Readonly<Record<string, Role>>;
  readonly maxSteps: number;
  /** The job whose tools these are; null outside of one. */
  readonly job: JobKey | null;
  /** The execution that the job belongs to; null outside of one. */
  readonly own: ExecutionId | null;
  /** The executions of the ledger, as it was when the job began. */
  readonly executions: readonly ExecutionView[];
  /** The open items of the backlog, as they were when the planner's job was asked for. */
  readonly backlog: readonly BacklogItem[];
  /** Null where nobody sends or gets mail. */
  readonly mail: Mailbox | null;
  /** Records what takes effect when the job's result is accepted. Null where nothing is recorded: read only. */
  readonly record: ((command: Command) => void) | null;
  /** How many tasks of their own were recorded so far. */
  readonly made: () => number;
  /** Hears what plans were refused for; the planner is told too. */
  readonly refused?: (refusal: Refusal) => void;
  /** Edits a file of the workspace; null where nothing may be edited. */
  readonly edit: ((path: string, edits: readonly string[] | null) => Promise<{ text: string } | { refused: Refusal }>) | null;
};

export type ToolAnswer = { readonly text: string; readonly structured: Record<string, unknown>; readonly isError: boolean };

export type Tool = {
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
export const tool = <I extends z.ZodObject>(
  defined: Omit<Tool, "input" | "run" | "raw"> & {
    readonly input: I;
    readonly run: (context: ToolContext, args: z.output<I>) => ToolAnswer | Promise<ToolAnswer>;
  },
  // callTool gives to `run` what `input` made of the arguments.
): Tool => defined as unknown as Tool;

export const say = (text: string, structured: Record<string, unknown> = {}): ToolAnswer => ({ text, structured, isError: false });
export const fail = ({ code, why }: Pick<Refusal, "code" | "why">): ToolAnswer => ({ text: why, structured: { code, why }, isError: true });
export const failed = ({ refusal }: Refused): ToolAnswer => fail(refusal);

export const LATER = "recorded, takes effect when this job's result is accepted";

/** Records a command and says so; refuses where nothing is recorded. */
export const record = (
  context: ToolContext,
  command: Command,
  told: { readonly text: string; readonly structured?: Record<string, unknown> },
): ToolAnswer => {
  if (!context.record) return fail({ code: "read-only", why: "there is no job here: this tool records nothing" });
  context.record(command);
  return say(told.text, told.structured);
};
