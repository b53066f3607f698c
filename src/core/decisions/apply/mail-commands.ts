import {
  refuseAnsweredQuestion,
  refuseUnknownQuestion,
  refuseFullMailbox,
  refuseUnknownRecipient,
  refuseForeignMail,
  refuseMailReply,
} from "../../messages/refusals/questions.ts";
import { replan } from "../../domain/execution-lifecycle.ts";
import { receiveAnswer } from "../../domain/step-lifecycle.ts";
import type { Command } from "../../domain/command.ts";
import type { Execution } from "../../domain/execution.ts";
import type { ExecutionId } from "../../domain/ids.ts";
import {
  type MailAddress,
  answerMail,
  createMailCopies,
  ALL_WORKERS_ADDRESS,
  createMailMatcher,
  type Mail,
  MAIL_LIMITS,
  deriveMailId,
  type NewMail,
  listOpenQuestions,
  listRunningWorkers,
  explainNoReply,
  readWorkerAddress,
} from "../../domain/mail.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { renderMailComment } from "../../messages/mail-comment.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import { isAwaitingAnswer } from "../../domain/step.ts";
import type { LedgerReader, StepWriter, ExecutionWriter, EffectWriter, MailWriter } from "../decision-transaction.ts";
import type { CommandedEvent } from "./commanded-event.ts";

/** The sender: the agent of a job, and the ordinal of the mail among those of the job. */
export type MailSource = {
  readonly job: string;
  readonly address: MailAddress;
  readonly execution: Execution;
  readonly ordinal: number;
};

/** Adds the ordinal, so that mails of the same save keep their order. */
const toMailTime = (tx: LedgerReader, { ordinal }: MailSource): number => tx.now + ordinal;

const isMailboxFull = (tx: LedgerReader, id: ExecutionId): boolean =>
  tx.mails().filter(({ execution }) => execution === id).length >= MAIL_LIMITS.kept;

/** Whether the address belongs to the planner, a person, or a worker on the sender's issue. */
const isKnownAddress = (tx: LedgerReader, address: MailAddress, { issue }: Execution): boolean => {
  const worker = readWorkerAddress(address);
  const execution = worker && tx.execution(worker.execution);
  return !worker || (execution?.issue === issue && Object.hasOwn(execution.steps, worker.step));
};

/** Delivers a mail to its recipients; a mail to `user` becomes a comment. */
export const sendMail = (tx: EffectWriter & MailWriter, sending: MailSource, mail: NewMail): Refusal | null => {
  const { job, address, execution } = sending;
  if (isMailboxFull(tx, execution.id)) return refuseFullMailbox(MAIL_LIMITS.kept);
  const { to } = mail;
  const recipients = to === ALL_WORKERS_ADDRESS ? listRunningWorkers(tx.executions(), execution.id, address) : [to];
  if (!recipients.every((each) => isKnownAddress(tx, each, execution))) return refuseUnknownRecipient(to);
  const id = deriveMailId(job, sending.ordinal);
  for (const copy of createMailCopies(mail, id, { execution: execution.id, from: address, at: toMailTime(tx, sending), recipients })) {
    tx.putMail(copy);
    if (copy.to === "user") postMailComment(tx, execution, copy);
  }
  tx.note(`${address} wrote to ${to}: ${id}`);
  return null;
};

const postMailComment = (tx: EffectWriter, { issue, requestedBy }: Execution, mail: Mail): void => {
  const marker = writeMarker({ kind: "mail", id: mail.id });
  tx.enqueueEffect({
    kind: "write-comment",
    key: `write-comment:mail/${mail.id}`,
    issue,
    marker,
    body: renderMailComment(mail, requestedBy),
    comment: null,
  });
};

/** A mail to the agent; null for mails to others, because the agent may neither read nor answer them. */
const findReceivedMail = (tx: LedgerReader, { address, execution }: MailSource, id: string): Mail | null => {
  const mail = tx.mail(id);
  return mail && createMailMatcher(address, execution.id).to(mail) ? mail : null;
};

export const markMailRead = (tx: MailWriter, sending: MailSource, id: string): Refusal | null => {
  const mail = findReceivedMail(tx, sending, id);
  if (!mail) return refuseForeignMail(id);
  tx.putMail({ ...mail, read: true });
  return null;
};

export const recordMailReply = (
  tx: MailWriter,
  sending: MailSource,
  { mail: id, body, status }: Extract<Command, { kind: "mail-reply" }>,
): Refusal | null => {
  const original = findReceivedMail(tx, sending, id);
  if (!original) return refuseForeignMail(id);
  const why = explainNoReply(original, sending.address);
  if (why !== null) return refuseMailReply(why);
  if (isMailboxFull(tx, original.execution)) return refuseFullMailbox(MAIL_LIMITS.kept);
  tx.putMail({ ...original, status, read: true });
  tx.putMail(answerMail(original, { id: deriveMailId(sending.job, sending.ordinal), body, at: toMailTime(tx, sending) }));
  tx.note(`${sending.address} answered ${id}`);
  return null;
};

/** The question with this id or unique id prefix (at least 4 characters). */
const findPersonQuestion = (tx: LedgerReader, id: string): Mail | null => {
  const exact = tx.mail(id);
  const found = exact ? [exact] : tx.mails().filter((mail) => mail.to === "user" && id.length >= 4 && mail.id.startsWith(id));
  const [first, second] = found;
  return first?.to === "user" && !second ? first : null;
};

/** Applies a person's answer and restarts the agent that asked. Refusals: `unknown-mail`, `already-answered`. */
export const answerMailQuestion = (
  tx: StepWriter & ExecutionWriter & MailWriter,
  event: CommandedEvent,
  { mail: id, text }: Extract<Command, { kind: "reply" }>,
): Refusal | null => {
  const original = findPersonQuestion(tx, id);
  if (!original) return refuseUnknownQuestion(id);
  if (original.type === "request" && original.status !== "pending") return refuseAnsweredQuestion(original.id);
  tx.putMail({ ...original, status: "completed", read: true });
  tx.putMail(answerMail(original, { id: deriveMailId(`${event.id}/${original.id}`, 1), body: text, at: tx.now }));
  tx.note(`${event.by} answered ${original.id}`);
  continueAsker(tx, original);
  return null;
};

/** Restarts the agent that asked once none of its questions is open. */
const continueAsker = (tx: StepWriter & ExecutionWriter, { from, execution: id }: Mail): void => {
  const worker = readWorkerAddress(from);
  const execution = tx.execution(worker?.execution ?? id);
  if (!execution || listOpenQuestions(tx.mails(), from, id).length > 0) return;
  if (worker) {
    const step = execution.steps[worker.step];
    if (step && isAwaitingAnswer(step)) tx.putStep(execution.id, receiveAnswer(step));
    return;
  }
  if (execution.state !== "asking") return;
  tx.putExecution(replan(execution));
};
