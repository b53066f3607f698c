import { z } from "zod";
import { toTaskId } from "../../core/domain/ids.ts";
import { listNeededSteps, listNeededTasks } from "../../core/domain/plan.ts";
import { findTarget } from "../../core/domain/find-target.ts";
import type { ExecutionView, StepView } from "../../core/domain/execution-view.ts";
import { answerRefusal, answerWith, type McpTool, defineTool, type ToolAnswer, type ToolContext } from "./mcp-tool.ts";

/** Planners and sidecars see the whole repository; other agents see only their own execution. */
const listVisibleExecutions = ({ toolSet, executions, ownExecution }: ToolContext): readonly ExecutionView[] =>
  toolSet === "planner" || toolSet === "sidecar" ? executions : executions.filter(({ id }) => id === ownExecution);

/** Further rows are not listed; the counts include them. */
const MAX_ROWS_LISTED = 500;

const listNeeds = (step: StepView): string[] => [...listNeededSteps(step), ...listNeededTasks(step)];

const toStepRows = (executions: readonly ExecutionView[]) =>
  executions.flatMap(({ id: execution, steps }) =>
    Object.values(steps).map((step) => ({
      task: toTaskId(execution, step.id),
      execution,
      id: step.id,
      title: step.title,
      tier: step.tier,
      state: step.state,
      needs: listNeeds(step),
    })),
  );

const formatRows = <T>(all: readonly T[], line: (each: T) => string): string =>
  [
    ...all.slice(0, MAX_ROWS_LISTED).map((each) => line(each)),
    ...(all.length > MAX_ROWS_LISTED ? [`… and ${all.length - MAX_ROWS_LISTED} more`] : []),
  ].join("\n") || "No tasks.";

const STATES_BY_BUCKET = {
  pending: ["pending", "ready", "waiting", "paused"],
  running: ["running", "published"],
  done: ["done", "skipped"],
};

const answerStatus = (context: ToolContext): ToolAnswer => {
  const steps = toStepRows(listVisibleExecutions(context));
  const count = (wanted: readonly string[]): number => steps.filter(({ state }) => wanted.includes(state)).length;
  const [pending, running, done, total] = [
    count(STATES_BY_BUCKET.pending),
    count(STATES_BY_BUCKET.running),
    count(STATES_BY_BUCKET.done),
    steps.length,
  ];
  const failedOnes = total - pending - running - done;
  return answerWith(`tasks: ${pending} pending, ${running} running, ${done} done, ${failedOnes} failed (${total} total)`, {
    pending,
    running,
    done,
    failed: failedOnes,
    total,
  });
};

const answerTaskList = (context: ToolContext): ToolAnswer => {
  const steps = toStepRows(listVisibleExecutions(context));
  return answerWith(
    formatRows(steps, ({ task, state, tier, title }) => `${task} | ${state} | ${tier} | ${title}`),
    { steps: steps.slice(0, MAX_ROWS_LISTED), total: steps.length },
  );
};

const answerGraphs = (executions: readonly ExecutionView[]): ToolAnswer => {
  const steps = toStepRows(executions);
  const node = ({ id, state, needs }: (typeof steps)[number]): string =>
    `${id} [${state}]${needs.length > 0 ? ` <- ${needs.join(", ")}` : ""}`;
  const drawn = executions.filter((each) => Object.keys(each.steps).length > 0);
  const text = drawn.map(({ id, state }) => {
    const own = formatRows(
      steps.filter(({ execution }) => execution === id),
      node,
    );
    return drawn.length > 1 ? `execution ${id} (${state})\n${own}` : own;
  });
  return answerWith(text.join("\n\n") || "No tasks.", { steps: steps.slice(0, MAX_ROWS_LISTED), total: steps.length });
};

const answerDag = (context: ToolContext, wanted: string | undefined): ToolAnswer => {
  if (wanted === undefined) return answerGraphs(listVisibleExecutions(context));
  const found = findTarget(context.executions, -1, wanted);
  return found.ok ? answerGraphs([found.value.execution]) : answerRefusal(found);
};

/** Read-only tools. */
export const lookTools: readonly McpTool[] = [
  defineTool({
    name: "enki_status",
    summary: "Count the steps by state: of this execution, or of all executions for a planner.",
    rights: "PWNMS",
    input: z.strictObject({}),
    run: (context) => answerStatus(context),
  }),
  defineTool({
    name: "enki_task_list",
    summary: "List the steps with their task ids, one per line: of this execution, or of all executions for a planner.",
    rights: "PWNMS",
    input: z.strictObject({}),
    run: (context) => answerTaskList(context),
  }),
  defineTool({
    name: "enki_dag",
    summary: "Show the graph of an execution: the needs and the state of each step.",
    rights: "PWNM",
    input: z.strictObject({ execution_id: z.string().optional().describe("An execution's id; defaults to this job's own.") }),
    run: (context, { execution_id: id }) => answerDag(context, id),
  }),
];
