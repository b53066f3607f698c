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
import { refuse, type Refusal } from "../../domain/refusal.ts";
import { renderMailComment } from "../../messages/mail-comment.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import { isAwaitingAnswer } from "../../domain/step.ts";
import type { Draft } from "../draft.ts";
import type { Commanded } from "./commanded-event.ts";

/** Who sends: the agent of a job, and which of its mails this is. */
export type Sending = {
  readonly job: string;
  readonly address: MailAddress;
  readonly execution: Execution;
  readonly ordinal: number;
};

const no = (code: string, why: string): Refusal => refuse(code, why).refusal;

/** Mails of one write keep their order. */
const timeOf = (draft: Draft, { ordinal }: Sending): number => draft.now + ordinal;

const isFull = (draft: Draft, id: ExecutionId): boolean =>
  draft.mails().filter(({ execution }) => execution === id).length >= MAIL_LIMITS.kept;
const full = no("too-much-mail", `an execution keeps at most ${MAIL_LIMITS.kept} mails`);

const isThere = (draft: Draft, address: MailAddress): boolean => {
  const worker = readWorkerAddress(address);
  return !worker || Object.hasOwn(draft.execution(worker.execution)?.steps ?? {}, worker.step);
};

/** Puts a mail into the mailboxes of those that it is for; one to `user` becomes a comment. */
export const sendMail = (draft: Draft, sending: Sending, mail: NewMail): Refusal | null => {
  const { job, address, execution } = sending;
  if (isFull(draft, execution.id)) return full;
  const { to } = mail;
  const recipients = to === ALL_WORKERS_ADDRESS ? listRunningWorkers(draft.executions(), execution.id, address) : [to];
  if (!recipients.every((each) => isThere(draft, each))) return no("unknown-address", `nobody has the address '${to}'`);
  const id = deriveMailId(job, sending.ordinal);
  for (const copy of createMailCopies(mail, id, { execution: execution.id, from: address, at: timeOf(draft, sending), recipients })) {
    draft.putMail(copy);
    if (copy.to === "user") tellPerson(draft, execution, copy);
  }
  draft.note(`${address} wrote to ${to}: ${id}`);
  return null;
};

const tellPerson = (draft: Draft, { issue }: Execution, mail: Mail): void => {
  const marker = writeMarker({ kind: "mail", id: mail.id });
  draft.post({ kind: "write-comment", key: `write-comment:mail/${mail.id}`, issue, marker, body: renderMailComment(mail), comment: null });
};

/** Only who got a mail reads it, and only who was asked answers. */
const received = (draft: Draft, { address, execution }: Sending, id: string): Mail | null => {
  const mail = draft.mail(id);
  return mail && createMailMatcher(address, execution.id).to(mail) ? mail : null;
};

const unknown = (id: string): Refusal => no("unknown-mail", `there is no mail ${id} to this job`);

export const readMail = (draft: Draft, sending: Sending, id: string): Refusal | null => {
  const mail = received(draft, sending, id);
  if (!mail) return unknown(id);
  draft.putMail({ ...mail, read: true });
  return null;
};

export const replyByTool = (
  draft: Draft,
  sending: Sending,
  { mail: id, body, status }: Extract<Command, { kind: "mail-reply" }>,
): Refusal | null => {
  const original = received(draft, sending, id);
  if (!original) return unknown(id);
  const why = explainNoReply(original, sending.address);
  if (why !== null) return no("no-reply", why);
  if (isFull(draft, original.execution)) return full;
  draft.putMail({ ...original, status, read: true });
  draft.putMail(answerMail(original, { id: deriveMailId(sending.job, sending.ordinal), body, at: timeOf(draft, sending) }));
  draft.note(`${sending.address} answered ${id}`);
  return null;
};

/** What a person may answer by this id, or the beginning of it. */
const findQuestion = (draft: Draft, id: string): Mail | null => {
  const exact = draft.mail(id);
  const found = exact ? [exact] : draft.mails().filter((mail) => mail.to === "user" && id.length >= 4 && mail.id.startsWith(id));
  const [first, second] = found;
  return first?.to === "user" && !second ? first : null;
};

/** A person's answer: who asked is started again with it. Refusals: `unknown-mail`, `already-answered`. */
export const reply = (draft: Draft, event: Commanded, { mail: id, text }: Extract<Command, { kind: "reply" }>): Refusal | null => {
  const original = findQuestion(draft, id);
  if (!original) return refuse("unknown-mail", `There is no question \`${id}\`.`, "/enki status").refusal;
  if (original.type === "request" && original.status !== "pending")
    return refuse("already-answered", `\`${original.id}\` was answered already.`, "/enki status").refusal;
  draft.putMail({ ...original, status: "completed", read: true });
  draft.putMail(answerMail(original, { id: deriveMailId(`${event.id}/${original.id}`, 1), body: text, at: draft.now }));
  draft.note(`${event.by} answered ${original.id}`);
  goOn(draft, original);
  return null;
};

/** Starts who asked again, once nothing that it asked is open. */
const goOn = (draft: Draft, { from, execution: id }: Mail): void => {
  const worker = readWorkerAddress(from);
  const execution = draft.execution(worker?.execution ?? id);
  if (!execution || listOpenQuestions(draft.mails(), from, id).length > 0) return;
  if (worker) {
    const step = execution.steps[worker.step];
    if (step && isAwaitingAnswer(step)) draft.putStep(execution.id, receiveAnswer(step));
    return;
  }
  if (execution.state !== "asking") return;
  const { attempt } = execution.planning;
  draft.putExecution({
    ...execution,
    state: "planning",
    refusal: null,
    planning: { attempt: attempt + 1, faults: 0, notBefore: 0, deadline: null },
  });
};
