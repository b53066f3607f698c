import type { ExecutionView } from "../../core/domain/execution-view.ts";
import { listTools } from "./call-tool.ts";
import type { McpTool, ToolContext } from "./mcp-tool.ts";

const ENDED_STATES = ["done", "failed", "cancelled"];

const hasSteps = ({ steps }: ExecutionView): boolean => Object.keys(steps).length > 0;

const listStates = ({ executions }: ToolContext): string[] =>
  executions.flatMap(({ state, steps }) => [state, ...Object.values(steps).map((step) => step.state)]);

const findOwn = ({ executions, ownExecution }: ToolContext): ExecutionView | undefined => executions.find(({ id }) => id === ownExecution);

const hasOpenOthers = ({ executions, ownExecution }: ToolContext): boolean =>
  executions.some(({ id, state }) => id !== ownExecution && !ENDED_STATES.includes(state));

/** Whether there is work that can be paused or cancelled: planned steps of this execution, or another execution. */
const hasWork = (context: ToolContext): boolean => {
  const own = findOwn(context);
  return hasOpenOthers(context) || (own !== undefined && hasSteps(own));
};

const hasMail = ({ mail }: ToolContext): boolean => (mail?.all() ?? []).length > 0;
const hasBacklog = ({ backlog }: ToolContext): boolean => backlog.length > 0;

/** When a planner is offered a tool; a tool that is not named here is always offered. */
const PLANNER_CONDITIONS: Readonly<Record<string, (context: ToolContext) => boolean>> = {
  enki_task_list: ({ executions }) => executions.some(hasSteps),
  enki_dag: ({ executions }) => executions.some(hasSteps),
  enki_execution_add_steps: hasWork,
  enki_task_retry: (context) => listStates(context).includes("failed"),
  enki_resume: (context) => listStates(context).includes("paused"),
  enki_pause: hasWork,
  enki_cancel: hasWork,
  enki_stop_all: hasOpenOthers,
  enki_backlog_list: hasBacklog,
  enki_backlog_update: hasBacklog,
  enki_backlog_remove: hasBacklog,
  enki_backlog_pick: hasBacklog,
  enki_mail_send: ({ mail }) => mail !== null,
  enki_mail_check: hasMail,
  enki_mail_read: hasMail,
  enki_mail_inbox: hasMail,
  enki_mail_reply: hasMail,
  enki_mail_thread: hasMail,
};

/**
 * The tools that an agent's model reads. A planner is not offered tools without anything to act on, because a model succeeds more often
 * with few tools; a call of such a tool is answered with its own refusal.
 */
export const listOfferedTools = (context: ToolContext): readonly McpTool[] => {
  const all = listTools(context);
  if (context.toolSet !== "planner" || context.job === null) return all;
  return all.filter(({ name }) => PLANNER_CONDITIONS[name]?.(context) ?? true);
};
