import { openMailbox } from "../mcp/mailbox.ts";
import type { ToolContext } from "../mcp/tool.ts";
import { editIn } from "../mcp/workspace.ts";
import type { Command } from "../model/command.ts";
import { taskId } from "../model/ids.ts";
import { isMaking } from "../model/made.ts";
import { type Address, isExpired, isOf, workerAddress } from "../model/mail.ts";
import { addressOfRepository, openNews } from "./news.ts";
import { type JobSpec, places } from "./spec.ts";
import type { StepHost } from "./step-host.ts";

/** Whose mail a job's agent gets; null where it gets none. */
const addressOf = ({ toolSet, execution, step }: JobSpec): Address | null => {
  if (toolSet === "planner") return "coordinator";
  return toolSet === "worker" && step ? workerAddress(taskId(execution, step.id)) : null;
};

/** Enki's tools as one job serves them, and what they recorded. */
export const openTools = (host: StepHost, spec: JobSpec, canEdit: boolean) => {
  const tools: Command[] = [];
  let refusedPlan: string | null = null;
  const { execution, job, roles, maxSteps, executions, backlog, mails } = spec;
  const address = addressOf(spec);
  const news = openNews({ url: address && addressOfRepository(host.env), directory: places(host.temp).news, after: host.after });
  const record = (command: Command): void => void tools.push(command);
  const mail = address === null ? null : openMailbox({ address, execution, job, mails, now: host.now, look: news.look });
  // What stands in the prompt is read.
  const told =
    address === null ? [] : mails.filter((each) => !each.read && isOf(address, execution).to(each) && !isExpired(each, host.now()));
  for (const { id } of told) {
    mail?.change(id, { read: true });
    record({ kind: "mail-read", mail: id });
  }
  const context: ToolContext = {
    toolSet: spec.toolSet ?? "sidecar",
    canEdit,
    roles,
    maxSteps,
    job,
    own: execution,
    executions,
    backlog,
    mail,
    record,
    made: () => tools.filter((each) => isMaking(each)).length,
    refused: ({ why }) => void (refusedPlan = why),
    edit: canEdit ? editIn(host.workspace) : null,
  };
  return { context, left: () => ({ tools, refusedPlan }), close: news.close };
};
