import { refuseMissingExecution, refuseToolRecord } from "../../messages/refusals/agents.ts";
import type { RecordedCommand } from "../../domain/command.ts";
import type { Execution } from "../../domain/execution.ts";
import { readTaskId, toTaskId } from "../../domain/ids.ts";
import { type Job, toJobKey, type JobResult } from "../../domain/job.ts";
import { isTaskCreation, deriveAdhocTaskId } from "../../domain/adhoc-task.ts";
import { type MailAddress, toWorkerAddress } from "../../domain/mail.ts";
import { checkRecordedTexts } from "../../domain/recorded-texts.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { mayRecord, chooseToolSet } from "../../domain/tool-set.ts";
import type { DecisionTransaction, ExecutionWriter, TextWriter } from "../decision-transaction.ts";
import { proposeAmendment } from "./amend-plan.ts";
import { changeBacklog } from "./change-backlog.ts";
import { applyAgentCommand } from "./agent-command.ts";
import { checkExecutionLimit, takeHourlyRoom } from "./hourly-limits.ts";
import { openRecordLimits } from "./record-limits.ts";
import { markMailRead, recordMailReply, sendMail } from "./mail-commands.ts";
import { createAdhocTask } from "./create-task.ts";

type JobRecords = { readonly job: Job; readonly execution: Execution; readonly result: JobResult };

/** Counts of mails and tasks so far. Tools print ids with these ordinals, so records without effect count too. */
type RecordCounts = { mail: number; createdTasks: number };

/** Further notes of one result are only counted, because a note is a line of a commit message. */
const MAX_NOTES = 20;

/**
 * Applies the tool records of an accepted job result in order. A record that the job's tool set does not allow, that exceeds a bound, or
 * that the ledger refuses, has no effect and is noted.
 */
export const applyToolRecords = (tx: DecisionTransaction, absorbed: JobRecords): void => {
  const { job, execution, result } = absorbed;
  const toolSet = chooseToolSet(job.kind, execution.quick === true);
  const count: RecordCounts = { mail: 0, createdTasks: 0 };
  const limits = openRecordLimits(execution.id);
  const notes: string[] = [];
  for (const command of result.tools) {
    if (command.kind === "mail-send" || command.kind === "mail-reply") count.mail += 1;
    if (isTaskCreation(command)) count.createdTasks += 1;
    const allowed = mayRecord(toolSet, command.kind) && limits.take(command);
    const refusal = allowed
      ? (checkRecordedTexts(command) ?? applyToolRecord(tx, absorbed, { command, count }))
      : refuseForeignRecord(command);
    if (refusal) notes.push(`${toJobKey(job)} recorded '${command.kind}' without effect: ${refusal.message}`);
  }
  noteIgnoredRecords(tx, absorbed, { notes, counts: limits.exceeded() });
};

type IgnoredRecords = { readonly notes: readonly string[]; readonly counts: NonNullable<Execution["ignoredRecords"]>["counts"] };

/** Notes records without effect. The execution's comment also shows records beyond a bound. */
const noteIgnoredRecords = (tx: ExecutionWriter, { job, execution: { id } }: JobRecords, { notes, counts }: IgnoredRecords): void => {
  for (const note of notes.slice(0, MAX_NOTES)) tx.note(note);
  if (notes.length > MAX_NOTES) tx.note(`${toJobKey(job)} recorded ${notes.length - MAX_NOTES} more commands without effect`);
  const execution = tx.execution(id);
  if (execution && Object.keys(counts).length > 0) tx.putExecution({ ...execution, ignoredRecords: { job: toJobKey(job), counts } });
};

const refuseForeignRecord = ({ kind }: RecordedCommand): Refusal => refuseToolRecord(kind);

const findSenderAddress = ({ job, execution }: JobRecords): MailAddress => {
  const task = readTaskId(job.target);
  return job.kind === "plan" || !task ? "coordinator" : toWorkerAddress(toTaskId(execution.id, task.step));
};

const applyToolRecord = (
  tx: DecisionTransaction,
  absorbed: JobRecords,
  { command, count }: { command: RecordedCommand; count: RecordCounts },
): Refusal | null => {
  const { job, execution } = absorbed;
  const from = { job: toJobKey(job), address: findSenderAddress(absorbed), execution, ordinal: count.mail };
  switch (command.kind) {
    case "propose":
    case "report":
      return null;
    case "mail-send":
      return (command.to === "user" ? takeHourlyRoom(tx, execution.requestedBy, "comments") : null) ?? sendMail(tx, from, command);
    case "mail-read":
      return markMailRead(tx, from, command.mail);
    case "mail-reply":
      return recordMailReply(tx, from, command);
    case "backlog-add":
    case "backlog-update":
    case "backlog-remove":
    case "backlog-pick":
      return takeHourlyRoom(tx, execution.requestedBy, "backlog") ?? changeBacklog(tx, command, toJobKey(job));
    case "create-task":
    case "quick":
      return createTaskForAgent(tx, execution, {
        command,
        id: deriveAdhocTaskId(toJobKey(job), count.createdTasks, (id) => tx.execution(id) !== undefined),
      });
    case "add-steps":
      return applyAddedSteps(tx, absorbed, command);
    case "retry":
    case "pause":
    case "resume":
    case "cancel":
    case "stop":
      return applyAgentCommand(tx, tx.execution(execution.id) ?? execution, command);
  }
};

/** Gives an ad-hoc task the brief of the execution that created it. */
const createTaskForAgent = (
  tx: ExecutionWriter & TextWriter,
  execution: Execution,
  making: Parameters<typeof createAdhocTask>[2],
): Refusal | null => {
  const refusal = checkExecutionLimit(tx, execution.requestedBy) ?? createAdhocTask(tx, execution, making);
  const brief = tx.brief(execution.id);
  if (!refusal && brief) tx.putBrief(making.id, brief);
  return refusal;
};

/** Ignores steps for the planner's own execution, which are part of its plan; proposes steps for other executions. */
const applyAddedSteps = (
  tx: ExecutionWriter,
  { job, execution }: JobRecords,
  command: Extract<RecordedCommand, { kind: "add-steps" }>,
): Refusal | null => {
  if (job.kind === "plan" && (command.execution ?? execution.id) === execution.id) return null;
  const found = tx.execution(command.execution ?? execution.id);
  return found
    ? proposeAmendment(tx, found, { steps: command.steps, by: `${execution.requestedBy}'s planner`, byAgent: true })
    : refuseUnknownExecution(command.execution ?? "");
};

const refuseUnknownExecution = (id: string): Refusal => refuseMissingExecution(id);
