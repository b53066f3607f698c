import { z } from "zod";
import { isOver } from "../model/execution.ts";
import { checkAddition, checkPlan } from "../model/graph.ts";
import { readTaskId, type TaskId, taskId } from "../model/ids.ts";
import { madeId, type Making, QUICK_STEP, TASK_STEP } from "../model/made.ts";
import { neededSteps, neededTasks, type PlannedStep } from "../model/plan.ts";
import { accept, refuse, type Refused, type Result } from "../model/refusal.ts";
import { findTarget, type FoundIn, notFailed } from "../model/targets.ts";
import type { ExecutionView } from "../model/views.ts";
import { addInput, type Known, planInput, readSteps, readTask, taskInput } from "./plan-input.ts";
import { fail, failed, LATER, record, type Tool, tool, type ToolAnswer, type ToolContext } from "./tool.ts";

const known = ({ roles, executions }: ToolContext): Known => ({
  roles,
  isTask: (task: TaskId): boolean => {
    const read = readTaskId(task);
    return executions.some(({ id, steps }) => id === read?.execution && Object.hasOwn(steps, read.step));
  },
});

const refusedPlan = (context: ToolContext, refused: Refused): ToolAnswer => {
  context.refused?.(refused.refusal);
  return failed(refused);
};

const stepLines = (steps: readonly PlannedStep[]): string[] =>
  steps.map((step) => {
    const needs = [...neededSteps(step), ...neededTasks(step)];
    return `  ${step.id} | ${step.tier} | ${step.title}${needs.length > 0 ? ` (needs: ${needs.join(", ")})` : ""}`;
  });

const create = (context: ToolContext, args: unknown): ToolAnswer => {
  const read = readSteps(planInput, args, known(context));
  const plan = read.ok ? checkPlan({ steps: read.value.steps }, context.maxSteps) : read;
  if (!plan.ok) return refusedPlan(context, plan);
  const { steps } = plan.value;
  const id = context.own ?? "";
  return record(
    context,
    { kind: "propose", plan: plan.value },
    {
      text: [`execution: ${id}: ${steps.length} steps ${LATER}`, ...stepLines(steps)].join("\n"),
      structured: { execution: id, steps: steps.map((step) => step.id) },
    },
  );
};

/** An execution by its id or the beginning of it. Refusals: those of findTarget, `no-execution-id`. */
const findExecution = ({ executions, own }: ToolContext, id: string): Result<ExecutionView> => {
  const issue = executions.find((each) => each.id === own)?.issue ?? -1;
  const found = findTarget(executions, issue, id);
  if (!found.ok) return found;
  if (found.value.step) return refuse("no-execution-id", `'${id}' is a step, not an execution`);
  return accept(found.value.execution);
};

const addSteps = (context: ToolContext, args: unknown): ToolAnswer => {
  const read = readSteps(addInput, args, known(context));
  if (!read.ok) return refusedPlan(context, read);
  const found = findExecution(context, read.value.given.execution_id);
  if (!found.ok) return failed(found);
  const { id, state, steps: there } = found.value;
  if (isOver({ state })) return fail({ code: "already-over", why: `execution ${id} is ${state}: no steps can be added to it` });
  const checked = checkAddition(Object.values(there), read.value.steps, context.maxSteps);
  if (!checked.ok) return refusedPlan(context, checked);
  const { value: steps } = checked;
  return record(
    context,
    { kind: "add-steps", steps, execution: id },
    {
      text: [`added ${steps.length} steps to execution ${id}: ${LATER}`, ...stepLines(steps)].join("\n"),
      structured: { execution: id, steps: steps.map((step) => step.id) },
    },
  );
};

/** The id of the execution that this job's next task of its own becomes. */
const nextMade = ({ job, executions, made }: ToolContext): string =>
  madeId(job ?? "", made() + 1, (taken) => executions.some(({ id }) => id === taken));

const createTask = (context: ToolContext, args: unknown): ToolAnswer => {
  const step = readTask(args, TASK_STEP, known(context));
  const plan = step.ok ? checkPlan({ steps: [step.value] }, context.maxSteps) : step;
  if (!step.ok || !plan.ok) return failed(step.ok ? (plan as Refused) : step);
  return make(context, { kind: "create-task", step: step.value }, (id) => {
    const needs = neededTasks(step.value);
    return `Created task '${step.value.title}' (${taskId(id, TASK_STEP)}) — tier: ${step.value.tier}${needs.length > 0 ? `, needs: ${needs.join(", ")}` : ""}: ${LATER}`;
  });
};

const make = (context: ToolContext, command: Making, text: (id: string) => string): ToolAnswer => {
  const id = nextMade(context);
  const step = command.kind === "quick" ? QUICK_STEP : TASK_STEP;
  return record(context, command, { text: text(id), structured: { execution: id, task: taskId(id, step) } });
};

const findTask = (context: ToolContext, id: string): Result<FoundIn<ExecutionView>> => {
  const issue = context.executions.find((each) => each.id === context.own)?.issue ?? -1;
  return findTarget(context.executions, issue, id.replace(/^task[-/]/, ""));
};

const retry = (context: ToolContext, id: string): ToolAnswer => {
  const found = findTask(context, id);
  if (!found.ok) return failed(found);
  const { execution, step } = found.value;
  const name = step ? taskId(execution.id, step.id) : execution.id;
  const { state } = step ?? execution;
  if (state !== "failed") return failed(notFailed(name, state));
  return record(context, { kind: "retry", target: name }, { text: `retry of ${name} ${LATER}`, structured: { target: name } });
};

const targetInput = z.strictObject({
  execution_id: z.string().min(1).describe("The execution's id."),
  step_id: z.string().min(1).optional().describe("One step of it; defaults to the whole execution."),
});

type Steering = "pause" | "resume" | "cancel";

const steer =
  (kind: Steering) =>
  (context: ToolContext, { execution_id: id, step_id: step }: z.output<typeof targetInput>): ToolAnswer => {
    const found = findExecution(context, id);
    if (!found.ok) return failed(found);
    const { value: execution } = found;
    if (step !== undefined && !Object.hasOwn(execution.steps, step)) {
      return fail({ code: "unknown-target", why: `execution ${execution.id} has no step '${step}'` });
    }
    const target = step === undefined ? execution.id : taskId(execution.id, step);
    const why = whyNot(kind, step === undefined ? execution.state : (execution.steps[step]?.state ?? ""));
    if (why !== null) return fail({ code: "wrong-state", why: `\`${target}\` ${why}` });
    return record(context, { kind, target }, { text: `${kind} of ${target} ${LATER}`, structured: { target } });
  };

const OVER = ["done", "cancelled", "skipped"];

/** What the ledger, as it was when the job began, says against it; the result is judged by the ledger as it is then. */
const whyNot = (kind: Steering, state: string): string | null => {
  if (kind === "resume") return state === "paused" || state === "running" || state === "waiting" ? null : `is '${state}', not 'paused'`;
  return OVER.includes(state) ? `is '${state}': it is over` : null;
};

/** The tools that change what is to be done. */
export const planTools: readonly Tool[] = [
  {
    name: "enki_execution_create",
    summary: "Propose the graph of steps for this request. A person approves it before anything runs; a second call replaces the first.",
    rights: "P",
    input: planInput,
    raw: true,
    run: create,
  },
  {
    name: "enki_execution_add_steps",
    summary: "Add steps to an execution that is not over, all or none. What a person approved before needs a new approval.",
    rights: "P",
    input: addInput,
    raw: true,
    run: addSteps,
  },
  {
    name: "enki_task_create",
    summary: "Propose one task of its own, beside this execution's plan.",
    rights: "P",
    input: taskInput,
    raw: true,
    run: createTask,
  },
  tool({
    name: "enki_task_retry",
    summary: "Try a failed task again.",
    rights: "P",
    input: z.strictObject({ task_id: z.string().min(1).describe("The task's id, or the beginning of it.") }),
    run: (context, { task_id: id }) => retry(context, id),
  }),
  tool({
    name: "enki_resume",
    summary: "Resume a paused execution or step.",
    rights: "P",
    input: targetInput,
    run: steer("resume"),
  }),
  tool({
    name: "enki_pause",
    summary: "Start nothing more of an execution, or of one step, until it is resumed.",
    rights: "P",
    input: targetInput,
    run: steer("pause"),
  }),
  tool({
    name: "enki_cancel",
    summary: "Cancel an execution or a step; landed work stays.",
    rights: "P",
    input: targetInput,
    run: steer("cancel"),
  }),
  tool({
    name: "enki_stop_all",
    summary: "Stop everything that runs in this repository.",
    rights: "P",
    input: z.strictObject({}),
    run: (context) => record(context, { kind: "stop" }, { text: `stop of everything ${LATER}` }),
  }),
  tool({
    name: "enki_quick_task",
    summary: "Propose a small task without a plan, for the quick agent.",
    rights: "P",
    input: z.strictObject({ prompt: z.string().min(1).max(20_000) }),
    run: (context, { prompt }) => make(context, { kind: "quick", prompt }, (id) => `queued as ${taskId(id, QUICK_STEP)}: ${LATER}`),
  }),
];
