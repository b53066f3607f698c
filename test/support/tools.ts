import { openMailbox, type MailboxOptions } from "../../src/job/tools/job-mailbox.ts";
import type { ToolContext } from "../../src/job/tools/mcp-tool.ts";
import { callTool } from "../../src/job/tools/call-tool.ts";
import type { RecordedCommand } from "../../src/core/domain/command.ts";
import type { Mail } from "../../src/core/domain/mail.ts";
import type { StepView, ExecutionView } from "../../src/core/domain/execution-view.ts";

export const researcher = {
  name: "researcher",
  label: "R",
  description: "d",
  systemPrompt: "p",
  canEdit: false,
  output: "artifact" as const,
};

/** Returns a tool's view of an execution: `{ fix: "failed" }` is a step in that state. */
export const view = (id: string, states: Record<string, StepView["state"]> = {}, over: Partial<ExecutionView> = {}): ExecutionView => ({
  id,
  issue: 1,
  state: "running",
  createdAt: 0,
  steps: Object.fromEntries(
    Object.entries(states).map(([step, state]) => [
      step,
      { id: step, title: `Do ${step}`, tier: "standard", needs: [], checkpoint: false, state },
    ]),
  ),
  ...over,
});

/** Opens the tools of a job without a process: their records and answers. */
export const openToolBox = (over: Partial<ToolContext> & { readonly box?: Partial<MailboxOptions> } = {}) => {
  const { box, ...given } = over;
  const recorded: RecordedCommand[] = [];
  const context: ToolContext = {
    toolSet: "planner",
    canEdit: true,
    roles: { researcher },
    maxSteps: 5,
    job: "plan/abc123/1",
    ownExecution: "abc123",
    executions: [],
    backlog: [],
    mail: box
      ? openMailbox({
          address: "coordinator",
          execution: "abc123",
          job: "plan/abc123/1",
          mails: [],
          now: () => 1_000_000,
          pollMails: () => Promise.resolve(null),
          ...box,
        })
      : null,
    record: (command) => void recorded.push(command),
    countTaskCreations: () => recorded.filter(({ kind }) => kind === "create-task" || kind === "quick").length,
    editFile: null,
    ...given,
  };
  return { context, recorded, call: (name: string, args?: unknown) => callTool(context, name, args) };
};

export const mail = (id: string, over: Partial<Mail> = {}): Mail => ({
  id,
  execution: "abc123",
  from: "coordinator",
  to: "worker/abc123-fix",
  subject: `About ${id}`,
  body: `Words of ${id}.`,
  priority: "normal",
  type: "info",
  status: "completed",
  thread: `t${id}`,
  replyTo: null,
  at: 1_000,
  expires: null,
  read: false,
  ...over,
});

const LOOK = ["enki_status", "enki_task_list", "enki_dag"];
const STEER = ["enki_task_retry", "enki_resume", "enki_pause", "enki_cancel", "enki_stop_all", "enki_quick_task"];
const MAIL = ["send", "check", "read", "inbox", "reply", "thread"].map((name) => `enki_mail_${name}`);
const BACKLOG = ["add", "list", "update", "remove", "pick"].map((name) => `enki_backlog_${name}`);

/**
 * Tools per tool set: P planner, W worker, N worker without edits, M merger, S sidecar. The sets equal the seed's, except that a sidecar reports
 * its outcome and answers reviews.
 */
export const TOOLS_OF: Readonly<Record<"P" | "W" | "N" | "M" | "S", readonly string[]>> = {
  P: [...LOOK, "enki_execution_create", "enki_execution_add_steps", "enki_task_create", ...STEER, ...MAIL, ...BACKLOG],
  W: [...LOOK, "enki_worker_report", "enki_edit_file", ...MAIL],
  N: [...LOOK, "enki_worker_report", ...MAIL],
  M: LOOK,
  S: [...LOOK.slice(0, 2), "enki_worker_report"],
};
