import { openMailbox } from "./tools/job-mailbox.ts";
import type { ToolContext } from "./tools/mcp-tool.ts";
import { createFileEditor } from "./tools/file-editor.ts";
import type { RecordedCommand } from "../core/domain/command.ts";
import { toTaskId } from "../core/domain/ids.ts";
import { isTaskCreation } from "../core/domain/adhoc-task.ts";
import { type MailAddress, isMailExpired, createMailMatcher, toWorkerAddress } from "../core/domain/mail.ts";
import { findRepositoryUrl, openMailPoller } from "./mail-poller.ts";
import { type JobSpec, toJobPaths } from "./job-spec.ts";
import type { JobSandbox } from "./sandbox/job-sandbox.ts";
import type { StepHost } from "./step-host.ts";

/** The address of the agent's mailbox; null if it receives no mail. */
const findMailAddress = ({ toolSet, execution, step }: JobSpec): MailAddress | null => {
  if (toolSet === "planner") return "coordinator";
  return toolSet === "worker" && step ? toWorkerAddress(toTaskId(execution, step.id)) : null;
};

/** Enki's tools for one job, and the commands that they record. `files` is null if the step may not edit. */
export const openJobTools = (host: StepHost, spec: JobSpec, files: Pick<JobSandbox, "readFile" | "writeFile"> | null) => {
  const tools: RecordedCommand[] = [];
  let refusedPlan: string | null = null;
  const { execution, job, roles, maxSteps, executions, backlog, mails } = spec;
  const address = findMailAddress(spec);
  const news = openMailPoller({
    url: address && findRepositoryUrl(host.env),
    directory: toJobPaths(host.temp).mailClone,
    after: host.after,
  });
  const record = (command: RecordedCommand): void => void tools.push(command);
  const mail = address === null ? null : openMailbox({ address, execution, job, mails, now: host.now, pollMails: news.poll });
  // The prompt already shows these mails, so they count as read.
  const promptMails =
    address === null
      ? []
      : mails.filter((each) => !each.read && createMailMatcher(address, execution).to(each) && !isMailExpired(each, host.now()));
  for (const { id } of promptMails) {
    mail?.change(id, { read: true });
    record({ kind: "mail-read", mail: id });
  }
  const context: ToolContext = {
    toolSet: spec.toolSet ?? "sidecar",
    canEdit: files !== null,
    roles,
    maxSteps,
    job,
    ownExecution: execution,
    executions,
    backlog,
    mail,
    record,
    countTaskCreations: () => tools.filter((each) => isTaskCreation(each)).length,
    reportRefusedPlan: ({ message }) => void (refusedPlan = message),
    editFile: files && createFileEditor(host.workspace, files),
  };
  return { context, listRecorded: () => ({ tools, refusedPlan }), close: news.close };
};
