import { z } from "zod";
import type { Role } from "../model/config.ts";
import type { Command } from "../model/command.ts";
import { neededSteps, type Plan } from "../model/plan.ts";
import type { Refusal } from "../model/refusal.ts";
import type { StepState } from "../model/step.ts";
import { planInput, readPlan } from "./plan-input.ts";

export type ToolSet = "planner" | "worker" | "merger" | "sidecar";

/** What the tools may see and do: decided by the job, never by the relay's arguments. */
export type ToolContext = {
  readonly toolSet: ToolSet;
  readonly canEdit: boolean;
  readonly roles: Readonly<Record<string, Role>>;
  readonly maxSteps: number;
  /** The execution that the job belongs to, as the ledger had it when the job began; null outside of one. */
  readonly execution: {
    readonly id: string;
    readonly state: string;
    readonly plan: Plan | null;
    readonly states: Readonly<Record<string, StepState>>;
  } | null;
  /** Records what takes effect when the job's result is accepted. Null where nothing is recorded: read only. */
  readonly record: ((command: Command) => void) | null;
  /** Hears what plans were refused for; the planner is told too. */
  readonly refused?: (refusal: Refusal) => void;
  /** Edits a file of the workspace; null where nothing may be edited. */
  readonly edit: ((path: string, edits: readonly string[] | null) => Promise<{ text: string } | { refused: Refusal }>) | null;
};

export type ToolAnswer = { readonly text: string; readonly structured: Record<string, unknown>; readonly isError: boolean };

type Tool = {
  readonly name: string;
  readonly summary: string;
  /** P planner · W worker · N worker that may not edit · M merger · S sidecar. */
  readonly rights: string;
  readonly input: z.ZodObject;
  readonly run: (context: ToolContext, args: Record<string, unknown>) => ToolAnswer | Promise<ToolAnswer>;
};

const say = (text: string, structured: Record<string, unknown> = {}): ToolAnswer => ({ text, structured, isError: false });
const fail = ({ code, why }: { code: string; why: string }): ToolAnswer => ({ text: why, structured: { code, why }, isError: true });
const LATER = "recorded, takes effect when this job's result is accepted";
const readOnly = fail({ code: "read-only", why: "there is no job here: this tool records nothing" });

const states = (context: ToolContext): { id: string; title: string; tier: string; state: string; needs: string[] }[] =>
  (context.execution?.plan?.steps ?? []).map((step) => ({
    id: step.id,
    title: step.title,
    tier: step.tier,
    state: context.execution?.states[step.id] ?? "pending",
    needs: neededSteps(step),
  }));

const status = (context: ToolContext): ToolAnswer => {
  const steps = states(context);
  const count = (...wanted: string[]): number => steps.filter(({ state }) => wanted.includes(state)).length;
  const buckets = {
    pending: count("pending", "ready", "paused", "waiting"),
    running: count("running", "worker_done"),
    done: count("done", "skipped"),
    failed: count("failed", "blocked", "cancelled"),
    total: steps.length,
  };
  const { pending, running, done, failed, total } = buckets;
  return say(`tasks: ${pending} pending, ${running} running, ${done} done, ${failed} failed (${total} total)`, buckets);
};

const taskList = (context: ToolContext): ToolAnswer => {
  const steps = states(context);
  const lines = steps.map(({ id, state, tier, title }) => `${context.execution?.id ?? ""}-${id} | ${state} | ${tier} | ${title}`);
  return say(lines.join("\n") || "No tasks.", { steps });
};

const dag = (context: ToolContext): ToolAnswer => {
  const steps = states(context);
  const lines = steps.map(({ id, state, needs }) => `${id} [${state}]${needs.length > 0 ? ` <- ${needs.join(", ")}` : ""}`);
  return say(lines.join("\n") || "No tasks.", { steps });
};

const create = (context: ToolContext, args: Record<string, unknown>): ToolAnswer => {
  const plan = readPlan(args, context.roles, context.maxSteps);
  if (!plan.ok) {
    context.refused?.(plan.refusal);
    return fail(plan.refusal);
  }
  if (!context.record) return readOnly;
  context.record({ kind: "propose", plan: plan.value });
  const lines = plan.value.steps.map(
    (step) => `  ${step.id} | ${step.tier} | ${step.title}${step.needs.length > 0 ? ` (needs: ${neededSteps(step).join(", ")})` : ""}`,
  );
  const id = context.execution?.id ?? "";
  return say([`execution: ${id}: ${plan.value.steps.length} steps ${LATER}`, ...lines].join("\n"), {
    execution: id,
    steps: plan.value.steps.map((step) => step.id),
  });
};

const report = (context: ToolContext, args: Record<string, unknown>): ToolAnswer => {
  if (!context.record) return readOnly;
  // Checked against the tool's schema before.
  const text = args["status"] as string;
  context.record({ kind: "report", status: text });
  return say(`Status reported: ${text}`, { status: text });
};

const edit = async (context: ToolContext, args: Record<string, unknown>): Promise<ToolAnswer> => {
  if (!context.edit) return readOnly;
  // Checked against the tool's schema before.
  const { path, content, edits } = args as { path: string; content?: string; edits?: string[] };
  const all = [...(content === undefined ? [] : [content]), ...(edits ?? [])];
  const done = await context.edit(path, all.length === 0 ? null : all);
  return "refused" in done ? fail(done.refused) : say(done.text, { path });
};

/** Every tool: what it says of itself, who may call it, what it takes. */
const TOOLS: readonly Tool[] = [
  { name: "enki_status", summary: "Count the steps of this execution by state.", rights: "PWNMS", input: z.strictObject({}), run: status },
  {
    name: "enki_task_list",
    summary: "List the steps of this execution, one a line.",
    rights: "PWNMS",
    input: z.strictObject({}),
    run: taskList,
  },
  {
    name: "enki_dag",
    summary: "Show the graph of this execution.",
    rights: "PWNM",
    input: z.strictObject({ execution_id: z.string().optional() }),
    run: dag,
  },
  {
    name: "enki_execution_create",
    summary: "Propose the graph of steps for this request. A person approves it before anything runs; a second call replaces the first.",
    rights: "P",
    input: planInput,
    run: create,
  },
  {
    name: "enki_worker_report",
    summary: "Say in one line what you are doing now.",
    rights: "WN",
    input: z.strictObject({ status: z.string().min(1).max(500) }),
    run: report,
  },
  {
    name: "enki_edit_file",
    summary:
      "Read a file with an anchor before each line (no content), or replace what stands between anchors; `^|` is before the first line, `$|` after the last.",
    rights: "W",
    input: z.strictObject({ path: z.string().min(1), content: z.string().optional(), edits: z.array(z.string()).max(100).optional() }),
    run: edit,
  },
];

const letter = ({ toolSet, canEdit }: Pick<ToolContext, "toolSet" | "canEdit">): string =>
  ({ planner: "P", worker: canEdit ? "W" : "N", merger: "M", sidecar: "S" })[toolSet];

/** The tools that this tool set has. */
export const toolsFor = (context: Pick<ToolContext, "toolSet" | "canEdit">): readonly Tool[] =>
  TOOLS.filter(({ rights }) => rights.includes(letter(context)));

/** Calls a tool; every refusal is an answer with `isError`. */
export const callTool = async (context: ToolContext, name: string, args: unknown): Promise<ToolAnswer> => {
  const tool = TOOLS.find((each) => each.name === name);
  if (!tool) return fail({ code: "unknown-tool", why: `unknown tool '${name}'` });
  if (!tool.rights.includes(letter(context)))
    return fail({ code: "not-available", why: `tool '${name}' is not available for role '${context.toolSet}'` });
  // A plan's refusals have sentences of their own.
  if (tool.input === planInput) return tool.run(context, (args ?? {}) as Record<string, unknown>);
  const read = tool.input.safeParse(args ?? {});
  return read.success ? tool.run(context, read.data) : fail({ code: "bad-argument", why: complaint(read.error, args) });
};

const complaint = (error: z.ZodError, args: unknown): string => {
  const path = error.issues[0]?.path ?? [];
  const field = path.map(String).join(".");
  const given = args !== null && typeof args === "object" ? Object.keys(args) : [];
  return path.length === 1 && !given.includes(field) ? `missing required parameter: ${field}` : z.prettifyError(error).slice(0, 500);
};
