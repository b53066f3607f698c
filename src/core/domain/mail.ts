import { type ExecutionId, hashValue, type Millis, readTaskId, toTaskId, type TaskId } from "./ids.ts";

export const MAIL_PRIORITIES = ["low", "normal", "high", "urgent"] as const;
type MailPriority = (typeof MAIL_PRIORITIES)[number];
export const MAIL_ANSWERS = ["accepted", "rejected", "completed"] as const;
/** A request is pending until its recipient answers it; everything else asks for nothing. */
export type MailStatus = "pending" | (typeof MAIL_ANSWERS)[number];

/** `coordinator` is the planner of the mail's execution, `user` whoever may answer on its issue. */
export type MailAddress = "coordinator" | "user" | `worker/${TaskId}`;
/** Every running worker of the sender's issue, the sender excepted. */
export const ALL_WORKERS_ADDRESS = "@workers";

/** In characters, and in mails a job may send or an execution may keep. */
export const MAIL_LIMITS = { subject: 200, body: 10_000, sent: 50, kept: 500 } as const;
/** In seconds. */
export const MAIL_TTL_SECONDS = { least: 60, most: 30 * 24 * 60 * 60 } as const;

/** What a sender writes. */
export type NewMail = {
  readonly to: MailAddress | typeof ALL_WORKERS_ADDRESS;
  readonly subject: string;
  readonly body: string;
  readonly priority: MailPriority;
  readonly type: "info" | "request";
  readonly thread: string | null;
  readonly replyTo: string | null;
  /** Seconds that it lives; null for as long as its execution. */
  readonly ttl: number | null;
};

/** One mail to one recipient. */
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

/** The task of a worker's address; null for who is no worker. */
export const readWorkerAddress = (address: string): { task: TaskId; execution: ExecutionId; step: string } | null => {
  const read = address.startsWith("worker/") ? readTaskId(address.slice("worker/".length)) : null;
  return read && { task: toTaskId(read.execution, read.step), ...read };
};

/** The id of the n-th mail that a job sends: the job can print it before anybody has it, and a job that is taken in twice sends it once. */
export const deriveMailId = (job: string, ordinal: number): string => hashValue(["mail", job, ordinal]).slice(0, 10);

/** The id of one copy of a mail to everybody. */
const deriveMailCopyId = (id: string, to: MailAddress): string => hashValue([id, to]).slice(0, 10);

/** A thread's id can be told from a mail's. */
const toThreadId = (id: string): string => `t${id}`;

export type MailSender = { readonly execution: ExecutionId; readonly from: MailAddress; readonly at: Millis };

/** A mail as each of its recipients gets it. */
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

/** Who gets a mail to everybody: the steps that run for the sender's issue, the sender excepted. */
export const listRunningWorkers = (executions: readonly ExecutionWorkers[], execution: ExecutionId, sender: MailAddress): MailAddress[] => {
  const issue = executions.find(({ id }) => id === execution)?.issue;
  return executions
    .filter((each) => each.issue === issue)
    .flatMap(({ id, steps }) =>
      Object.values(steps).flatMap((step) => (step.state === "running" ? [toWorkerAddress(toTaskId(id, step.id))] : [])),
    )
    .filter((address) => address !== sender);
};

/** Why an address may not answer a mail: only who was asked answers, and once. Null where it may. */
export const explainNoReply = (original: Mail, address: MailAddress): string | null => {
  if (original.to !== address) return `message ${original.id} was not sent to you`;
  if (original.type !== "request") return `message ${original.id} is no request: it asks for no reply`;
  return original.status === "pending" ? null : `message ${original.id} is '${original.status}' already`;
};

/** The answer to a request: same thread and priority, back to who asked. */
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

/** True for the mails that an address may see: its own, sent or received. `coordinator` and `user` are those of one execution. */
export const createMailMatcher = (address: MailAddress, execution: ExecutionId) => {
  const mine = (mail: Mail, which: MailAddress): boolean =>
    which === address && (address !== "coordinator" || mail.execution === execution);
  return { to: (mail: Mail): boolean => mine(mail, mail.to), from: (mail: Mail): boolean => mine(mail, mail.from) };
};

const rankPriority = ({ priority }: Mail): number => MAIL_PRIORITIES.indexOf(priority);

/** The most urgent first, the newest first among equals. */
export const sortMailsByUrgency = (mails: readonly Mail[]): Mail[] =>
  [...mails].sort((a, b) => rankPriority(b) - rankPriority(a) || b.at - a.at);

export const sortMailsByTime = (mails: readonly Mail[]): Mail[] => [...mails].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));

/** Requests of this sender that a person has not answered. */
export const listOpenQuestions = (mails: readonly Mail[], from: MailAddress, execution: ExecutionId): Mail[] =>
  sortMailsByTime(mails.filter((mail) => mail.to === "user" && mail.status === "pending" && createMailMatcher(from, execution).from(mail)));
