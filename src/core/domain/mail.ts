import { explainAnsweredMail, explainForeignMail, explainNoRequest } from "../messages/refusals/questions.ts";
import { type ExecutionId, hashValue, type Millis, readTaskId, toTaskId, type TaskId } from "./ids.ts";

export const MAIL_PRIORITIES = ["low", "normal", "high", "urgent"] as const;
type MailPriority = (typeof MAIL_PRIORITIES)[number];
export const MAIL_ANSWERS = ["accepted", "rejected", "completed"] as const;
/** A request is pending until its recipient answers; other mails are completed. */
export type MailStatus = "pending" | (typeof MAIL_ANSWERS)[number];

/** `coordinator` is the planner of the mail's execution, `user` anyone who may answer on its issue. */
export type MailAddress = "coordinator" | "user" | `worker/${TaskId}`;
/** Every running worker of the sender's issue except the sender. */
export const ALL_WORKERS_ADDRESS = "@workers";

/** `subject` and `body` in characters; `sent`: mails per job; `kept`: mails per execution. */
export const MAIL_LIMITS = { subject: 200, body: 10_000, sent: 50, kept: 500 } as const;
export const MAIL_TTL_SECONDS = { least: 60, most: 30 * 24 * 60 * 60 } as const;

/** A mail as its sender writes it. */
export type NewMail = {
  readonly to: MailAddress | typeof ALL_WORKERS_ADDRESS;
  readonly subject: string;
  readonly body: string;
  readonly priority: MailPriority;
  readonly type: "info" | "request";
  readonly thread: string | null;
  readonly replyTo: string | null;
  /** Lifetime in seconds; null for the lifetime of the execution. */
  readonly ttl: number | null;
};

/** A mail to a recipient. */
export type Mail = {
  readonly id: string;
  readonly execution: ExecutionId;
  readonly from: MailAddress;
  readonly to: MailAddress;
  readonly subject: string;
  readonly body: string;
  readonly priority: MailPriority;
  readonly type: "info" | "request" | "response";
  readonly status: MailStatus;
  readonly thread: string;
  readonly replyTo: string | null;
  readonly at: Millis;
  readonly expires: Millis | null;
  readonly read: boolean;
};

export const toWorkerAddress = (task: TaskId): MailAddress => `worker/${task}`;

/** Reads a worker's address. Returns null for any other address. */
export const readWorkerAddress = (address: string): { task: TaskId; execution: ExecutionId; step: string } | null => {
  const read = address.startsWith("worker/") ? readTaskId(address.slice("worker/".length)) : null;
  return read && { task: toTaskId(read.execution, read.step), ...read };
};

/** The id of a job's n-th mail. The job can print it before the mail is delivered, and applying the job's result twice sends the mail once. */
export const deriveMailId = (job: string, ordinal: number): string => hashValue(["mail", job, ordinal]).slice(0, 10);

/** The id of one recipient's copy of a mail to all workers. */
const deriveMailCopyId = (id: string, to: MailAddress): string => hashValue([id, to]).slice(0, 10);

/** The prefix distinguishes thread ids from mail ids. */
const toThreadId = (id: string): string => `t${id}`;

export type MailSender = { readonly execution: ExecutionId; readonly from: MailAddress; readonly at: Millis };

/** Creates one copy for each recipient. */
export const createMailCopies = (
  mail: NewMail,
  id: string,
  { recipients, ...sender }: MailSender & { readonly recipients: readonly MailAddress[] },
): Mail[] =>
  recipients.map((to) => ({
    id: mail.to === ALL_WORKERS_ADDRESS ? deriveMailCopyId(id, to) : id,
    ...sender,
    to,
    subject: mail.subject,
    body: mail.body,
    priority: mail.priority,
    type: mail.type,
    status: mail.type === "request" ? "pending" : "completed",
    thread: mail.thread ?? toThreadId(id),
    replyTo: mail.replyTo,
    expires: mail.ttl === null ? null : sender.at + mail.ttl * 1_000,
    read: false,
  }));

type ExecutionWorkers = {
  readonly id: ExecutionId;
  readonly issue: number;
  readonly steps: Readonly<Record<string, { readonly id: string; readonly state: string }>>;
};

/** Recipients of a mail to all workers: the running steps of the sender's issue except the sender. */
export const listRunningWorkers = (executions: readonly ExecutionWorkers[], execution: ExecutionId, sender: MailAddress): MailAddress[] => {
  const issue = executions.find(({ id }) => id === execution)?.issue;
  return executions
    .filter((each) => each.issue === issue)
    .flatMap(({ id, steps }) =>
      Object.values(steps).flatMap((step) => (step.state === "running" ? [toWorkerAddress(toTaskId(id, step.id))] : [])),
    )
    .filter((address) => address !== sender);
};

/** The reason why an address may not answer a mail; null if it may. Only the recipient of a request answers, and only once. */
export const explainNoReply = (original: Mail, address: MailAddress): string | null => {
  if (original.to !== address) return explainForeignMail(original.id);
  if (original.type !== "request") return explainNoRequest(original.id);
  return original.status === "pending" ? null : explainAnsweredMail(original.id, original.status);
};

/** The response to a request, in the same thread with the same priority, addressed to the requester. */
export const answerMail = (
  original: Mail,
  { id, body, at }: { readonly id: string; readonly body: string; readonly at: Millis },
): Mail => ({
  ...original,
  id,
  from: original.to,
  to: original.from,
  subject: /^re: /i.test(original.subject) ? original.subject : `Re: ${original.subject}`,
  body,
  type: "response",
  status: "completed",
  replyTo: original.id,
  at,
  expires: null,
  read: false,
});

export const isMailExpired = ({ expires }: Mail, now: Millis): boolean => expires !== null && expires <= now;

/** Matches the mails to or from an address. `coordinator` belongs to one execution. */
export const createMailMatcher = (address: MailAddress, execution: ExecutionId) => {
  const matches = (mail: Mail, which: MailAddress): boolean =>
    which === address && (address !== "coordinator" || mail.execution === execution);
  return { to: (mail: Mail): boolean => matches(mail, mail.to), from: (mail: Mail): boolean => matches(mail, mail.from) };
};

const rankPriority = ({ priority }: Mail): number => MAIL_PRIORITIES.indexOf(priority);

/** Highest priority first, newest first among equals. */
export const sortMailsByUrgency = (mails: readonly Mail[]): Mail[] =>
  [...mails].sort((a, b) => rankPriority(b) - rankPriority(a) || b.at - a.at);

export const sortMailsByTime = (mails: readonly Mail[]): Mail[] => [...mails].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));

/** The sender's requests that no person has answered yet. */
export const listOpenQuestions = (mails: readonly Mail[], from: MailAddress, execution: ExecutionId): Mail[] =>
  sortMailsByTime(mails.filter((mail) => mail.to === "user" && mail.status === "pending" && createMailMatcher(from, execution).from(mail)));
