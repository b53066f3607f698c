import { NEEDS_CONFIRMATION, TAKES_EFFECT_LATER } from "../../core/messages/tool-text.ts";
import { refuseAbsentStep, refuseEndedExecution, refuseNotPaused, refuseOver } from "../../core/messages/refusals/tools.ts";
import { refuseNotFailed, refuseStepForExecution } from "../../core/messages/refusals/targets.ts";
import { z } from "zod";
import { hasEnded } from "../../core/domain/execution.ts";
import { checkAddition, checkPlan } from "../../core/domain/plan-graph.ts";
import { readTaskId, type TaskId, toTaskId } from "../../core/domain/ids.ts";
import { deriveAdhocTaskId, type TaskCreation, QUICK_STEP_ID, TASK_STEP_ID } from "../../core/domain/adhoc-task.ts";
import { listNeededSteps, listNeededTasks, type PlannedStep } from "../../core/domain/plan.ts";
import { accept, type RefusedResult, type Result } from "../../core/domain/refusal.ts";
import { refuseLongPlan } from "../../core/messages/plan-page.ts";
import { findTarget, type FoundTarget } from "../../core/domain/find-target.ts";
import type { ExecutionView } from "../../core/domain/execution-view.ts";
import { addInput, type PlanInputContext, planInput, readPlannedSteps, readStandaloneTask, taskInput } from "./plan-input.ts";
import { answerRefusal, recordCommand, type McpTool, defineTool, type ToolAnswer, type ToolContext } from "./mcp-tool.ts";

const toPlanInputContext = ({ roles, executions }: ToolContext): PlanInputContext => ({
  roles,
  isTask: (task: TaskId): boolean => {
    const read = readTaskId(task);
    return executions.some(({ id, steps }) => id === read?.execution && Object.hasOwn(steps, read.step));
  },
});

const refusePlan = (context: ToolContext, refused: RefusedResult): ToolAnswer => {
  context.reportRefusedPlan?.(refused.refusal);
  return answerRefusal(refused);
};

const formatStepLines = (steps: readonly PlannedStep[]): string[] =>
  steps.map((step) => {
    const needs = [...listNeededSteps(step), ...listNeededTasks(step)];
    return `  ${step.id} | ${step.tier} | ${step.title}${needs.length > 0 ? ` (needs: ${needs.join(", ")})` : ""}`;
  });

const proposePlan = (context: ToolContext, args: unknown): ToolAnswer => {
  const read = readPlannedSteps(planInput, args, toPlanInputContext(context));
  const plan = read.ok ? refuseLongPlan(checkPlan({ steps: read.value.steps }, context.maxSteps), read.value.steps) : read;
  if (!plan.ok) return refusePlan(context, plan);
  const { steps } = plan.value;
  const id = context.ownExecution ?? "";
  return recordCommand(
    context,
    { kind: "propose", plan: plan.value },
    {
      text: [`execution: ${id}: ${steps.length} steps ${TAKES_EFFECT_LATER}`, ...formatStepLines(steps)].join("\n"),
      structured: { execution: id, steps: steps.map((step) => step.id) },
    },
  );
};

/** Finds an execution by its id or a prefix of it. Refusals: those of findTarget, `no-execution-id`. */
const findExecutionById = ({ executions, ownExecution }: ToolContext, id: string): Result<ExecutionView> => {
  const issue = executions.find((each) => each.id === ownExecution)?.issue ?? -1;
  const found = findTarget(executions, issue, id);
  if (!found.ok) return found;
  if (found.value.step) return refuseStepForExecution(id);
  return accept(found.value.execution);
};

const proposeAddedSteps = (context: ToolContext, args: unknown): ToolAnswer => {
  const read = readPlannedSteps(addInput, args, toPlanInputContext(context));
  if (!read.ok) return refusePlan(context, read);
  const found = findExecutionById(context, read.value.given.execution_id);
  if (!found.ok) return answerRefusal(found);
  const { id, state, steps: there } = found.value;
  if (hasEnded({ state })) return answerRefusal(refuseEndedExecution(id, state));
  const checked = refuseLongPlan(checkAddition(Object.values(there), read.value.steps, context.maxSteps), read.value.steps);
  if (!checked.ok) return refusePlan(context, checked);
  const { value: steps } = checked;
  return recordCommand(
    context,
    { kind: "add-steps", steps, execution: id },
    {
      text: [
        `added ${steps.length} steps to execution ${id}: ${id === context.ownExecution ? TAKES_EFFECT_LATER : NEEDS_CONFIRMATION}`,
        ...formatStepLines(steps),
      ].join("\n"),
      structured: { execution: id, steps: steps.map((step) => step.id) },
    },
  );
};

/** The execution id of the next ad-hoc task that this job creates. */
const deriveNextExecutionId = ({ job, executions, countTaskCreations }: ToolContext): string =>
  deriveAdhocTaskId(job ?? "", countTaskCreations() + 1, (taken) => executions.some(({ id }) => id === taken));

const proposeTask = (context: ToolContext, args: unknown): ToolAnswer => {
  const step = readStandaloneTask(args, TASK_STEP_ID, toPlanInputContext(context));
  const plan = step.ok ? checkPlan({ steps: [step.value] }, context.maxSteps) : step;
  if (!step.ok || !plan.ok) return answerRefusal(step.ok ? (plan as RefusedResult) : step);
  return recordTaskCreation(context, { kind: "create-task", step: step.value }, (id) => {
    const needs = listNeededTasks(step.value);
    return `Created task '${step.value.title}' (${toTaskId(id, TASK_STEP_ID)}) — tier: ${step.value.tier}${needs.length > 0 ? `, needs: ${needs.join(", ")}` : ""}: ${TAKES_EFFECT_LATER}`;
  });
};

const recordTaskCreation = (context: ToolContext, command: TaskCreation, text: (id: string) => string): ToolAnswer => {
  const id = deriveNextExecutionId(context);
  const step = command.kind === "quick" ? QUICK_STEP_ID : TASK_STEP_ID;
  return recordCommand(context, command, { text: text(id), structured: { execution: id, task: toTaskId(id, step) } });
};

const findTaskTarget = (context: ToolContext, id: string): Result<FoundTarget<ExecutionView>> => {
  const issue = context.executions.find((each) => each.id === context.ownExecution)?.issue ?? -1;
  return findTarget(context.executions, issue, id.replace(/^task[-/]/, ""));
};

const retryTask = (context: ToolContext, id: string): ToolAnswer => {
  const found = findTaskTarget(context, id);
  if (!found.ok) return answerRefusal(found);
  const { execution, step } = found.value;
  const name = step ? toTaskId(execution.id, step.id) : execution.id;
  const { state } = step ?? execution;
  if (state !== "failed") return answerRefusal(refuseNotFailed(name, state));
  return recordCommand(
    context,
    { kind: "retry", target: name },
    { text: `retry of ${name} ${effectOf(context, "retry", execution)}`, structured: { target: name } },
  );
};

const steeringInput = z.strictObject({
  execution_id: z.string().min(1).describe("The execution's id."),
  step_id: z.string().min(1).optional().describe("One step of it; defaults to the whole execution."),
});

type SteeringKind = "pause" | "resume" | "cancel";

/** Describes the effect of a command. The coordinator applies commands on the job's own execution and proposes others to people. */
const effectOf = ({ ownExecution }: ToolContext, kind: SteeringKind | "retry", { id }: ExecutionView): string => {
  if (id !== ownExecution || kind === "resume") return NEEDS_CONFIRMATION;
  return kind === "retry"
    ? `${TAKES_EFFECT_LATER}; while its base is frozen or it is paused, a person has to confirm it`
    : TAKES_EFFECT_LATER;
};

const createSteeringTool =
  (kind: SteeringKind) =>
  (context: ToolContext, { execution_id: id, step_id: step }: z.output<typeof steeringInput>): ToolAnswer => {
    const found = findExecutionById(context, id);
    if (!found.ok) return answerRefusal(found);
    const { value: execution } = found;
    if (step !== undefined && !Object.hasOwn(execution.steps, step)) {
      return answerRefusal(refuseAbsentStep(execution.id, step));
    }
    const target = step === undefined ? execution.id : toTaskId(execution.id, step);
    const refused = checkSteering(kind, target, step === undefined ? execution.state : (execution.steps[step]?.state ?? ""));
    if (refused) return answerRefusal(refused);
    return recordCommand(
      context,
      { kind, target },
      { text: `${kind} of ${target} ${effectOf(context, kind, execution)}`, structured: { target } },
    );
  };

const TERMINAL_STATES = ["done", "cancelled", "skipped"];
const RESUMABLE_STATES = ["paused", "running", "waiting"];

/** Refuses what is impossible according to the ledger at the job's start. The result is validated again against the current ledger. */
const checkSteering = (kind: SteeringKind, target: string, state: string): RefusedResult | null => {
  if (kind === "resume") return RESUMABLE_STATES.includes(state) ? null : refuseNotPaused(target, state);
  return TERMINAL_STATES.includes(state) ? refuseOver(target, state) : null;
};

/** Tools that change the planned work. */
export const planTools: readonly McpTool[] = [
  {
    name: "enki_execution_create",
    summary: "Propose the graph of steps for this request. A person approves it before anything runs; a second call replaces the first.",
    rights: "P",
    input: planInput,
    raw: true,
    run: proposePlan,
  },
  {
    name: "enki_execution_add_steps",
    summary: "Add steps to an execution that has not ended, all or none. Additions to an approved plan need a new approval.",
    rights: "P",
    input: addInput,
    raw: true,
    run: proposeAddedSteps,
  },
  {
    name: "enki_task_create",
    summary: "Propose one standalone task, separate from this execution's plan.",
    rights: "P",
    input: taskInput,
    raw: true,
    run: proposeTask,
  },
  defineTool({
    name: "enki_task_retry",
    summary: "Retry a failed task of this execution, or propose it to people for another execution.",
    rights: "P",
    input: z.strictObject({ task_id: z.string().min(1).describe("The task's id, or a prefix of it.") }),
    run: (context, { task_id: id }) => retryTask(context, id),
  }),
  defineTool({
    name: "enki_resume",
    summary: "Propose to people that a paused execution or step is resumed.",
    rights: "P",
    input: steeringInput,
    run: createSteeringTool("resume"),
  }),
  defineTool({
    name: "enki_pause",
    summary:
      "Pause this execution or a step of it: no further job of it starts until a person resumes it. For another execution, propose it to people.",
    rights: "P",
    input: steeringInput,
    run: createSteeringTool("pause"),
  }),
  defineTool({
    name: "enki_cancel",
    summary: "Cancel this execution or a step of it; landed work stays. For another execution, propose it to people.",
    rights: "P",
    input: steeringInput,
    run: createSteeringTool("cancel"),
  }),
  defineTool({
    name: "enki_stop_all",
    summary: "Propose to people that everything in this repository is stopped.",
    rights: "P",
    input: z.strictObject({}),
    run: (context) => recordCommand(context, { kind: "stop" }, { text: `stop of everything ${NEEDS_CONFIRMATION}` }),
  }),
  defineTool({
    name: "enki_quick_task",
    summary: "Propose a small task without a plan, for the quick agent.",
    rights: "P",
    input: z.strictObject({ prompt: z.string().min(1).max(20_000) }),
    run: (context, { prompt }) =>
      recordTaskCreation(context, { kind: "quick", prompt }, (id) => `queued as ${toTaskId(id, QUICK_STEP_ID)}: ${TAKES_EFFECT_LATER}`),
  }),
];
