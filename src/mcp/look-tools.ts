import { z } from "zod";
import { taskId } from "../model/ids.ts";
import { neededSteps, neededTasks } from "../model/plan.ts";
import { findTarget } from "../model/targets.ts";
import type { ExecutionView, StepView } from "../model/views.ts";
import { failed, say, type Tool, tool, type ToolAnswer, type ToolContext } from "./tool.ts";

/** A planner and a sidecar see the whole repository; who works on a step sees the execution that it is of. */
const inSight = ({ toolSet, executions, own }: ToolContext): readonly ExecutionView[] =>
  toolSet === "planner" || toolSet === "sidecar" ? executions : executions.filter(({ id }) => id === own);

/** More lines than this nobody reads; the counts hold for all. */
const MOST = 500;

const needsOf = (step: StepView): string[] => [...neededSteps(step), ...neededTasks(step)];

const rows = (executions: readonly ExecutionView[]) =>
  executions.flatMap(({ id: execution, steps }) =>
    Object.values(steps).map((step) => ({
      task: taskId(execution, step.id),
      execution,
      id: step.id,
      title: step.title,
      tier: step.tier,
      state: step.state,
      needs: needsOf(step),
    })),
  );

const list = <T>(all: readonly T[], line: (each: T) => string): string =>
  [...all.slice(0, MOST).map((each) => line(each)), ...(all.length > MOST ? [`… and ${all.length - MOST} more`] : [])].join("\n") ||
  "No tasks.";

const BUCKETS = { pending: ["pending", "ready", "waiting", "paused"], running: ["running", "worker_done"], done: ["done", "skipped"] };

const status = (context: ToolContext): ToolAnswer => {
  const steps = rows(inSight(context));
  const count = (wanted: readonly string[]): number => steps.filter(({ state }) => wanted.includes(state)).length;
  const [pending, running, done, total] = [count(BUCKETS.pending), count(BUCKETS.running), count(BUCKETS.done), steps.length];
  const failedOnes = total - pending - running - done;
  return say(`tasks: ${pending} pending, ${running} running, ${done} done, ${failedOnes} failed (${total} total)`, {
    pending,
    running,
    done,
    failed: failedOnes,
    total,
  });
};

const taskList = (context: ToolContext): ToolAnswer => {
  const steps = rows(inSight(context));
  return say(
    list(steps, ({ task, state, tier, title }) => `${task} | ${state} | ${tier} | ${title}`),
    { steps: steps.slice(0, MOST), total: steps.length },
  );
};

const graph = (executions: readonly ExecutionView[]): ToolAnswer => {
  const steps = rows(executions);
  const node = ({ id, state, needs }: (typeof steps)[number]): string =>
    `${id} [${state}]${needs.length > 0 ? ` <- ${needs.join(", ")}` : ""}`;
  const drawn = executions.filter((each) => Object.keys(each.steps).length > 0);
  const text = drawn.map(({ id, state }) => {
    const own = list(
      steps.filter(({ execution }) => execution === id),
      node,
    );
    return drawn.length > 1 ? `execution ${id} (${state})\n${own}` : own;
  });
  return say(text.join("\n\n") || "No tasks.", { steps: steps.slice(0, MOST), total: steps.length });
};

const dag = (context: ToolContext, wanted: string | undefined): ToolAnswer => {
  if (wanted === undefined) return graph(inSight(context));
  const found = findTarget(context.executions, -1, wanted);
  return found.ok ? graph([found.value.execution]) : failed(found);
};

/** The tools that only look. */
export const lookTools: readonly Tool[] = [
  tool({
    name: "enki_status",
    summary: "Count the steps by state: of this execution, for a planner of all.",
    rights: "PWNMS",
    input: z.strictObject({}),
    run: (context) => status(context),
  }),
  tool({
    name: "enki_task_list",
    summary: "List the steps with their task ids, one a line: of this execution, for a planner of all.",
    rights: "PWNMS",
    input: z.strictObject({}),
    run: (context) => taskList(context),
  }),
  tool({
    name: "enki_dag",
    summary: "Show a graph: which step needs which, and how each stands.",
    rights: "PWNM",
    input: z.strictObject({ execution_id: z.string().optional().describe("An execution's id; defaults to this job's own.") }),
    run: (context, { execution_id: id }) => dag(context, id),
  }),
];
