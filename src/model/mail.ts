import { type ExecutionId, hash, type Millis, readTaskId, taskId, type TaskId } from "./ids.ts";

export const PRIORITIES = ["low", "normal", "high", "urgent"] as const;
type Priority = (typeof PRIORITIES)[number];
export const ANSWERS = ["accepted", "rejected", "completed"] as const;
/** A request is pending until its recipient answers it; everything else asks for nothing. */
export type MailStatus = "pending" | (typeof ANSWERS)[number];

/** `coordinator` is the planner of the mail's execution, `user` whoever may answer on its issue. */
export type Address = "coordinator" | "user" | `worker/${TaskId}`;
/** Every running worker of the sender's issue, the sender excepted. */
export const EVERYBODY = "@workers";

/** In characters, and in mails a job may send or an execution may keep. */
export const MAIL_LIMITS = { subject: 200, body: 10_000, sent: 50, kept: 500 } as const;
/** In seconds. */
export const TTL = { least: 60, most: 30 * 24 * 60 * 60 } as const;

/** What a sender writes. */
export type NewMail = {
  readonly to: Address | typeof EVERYBODY;
  readonly subject: string;
  readonly body: string;
  readonly priority: Priority;
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
  readonly from: Address;
  readonly to: Address;
  readonly subject: string;
  readonly body: string;
  readonly priority: Priority;
  readonly type: "info" | "request" | "response";
  readonly status: MailStatus;
  readonly thread: string;
  readonly replyTo: string | null;
  readonly at: Millis;
  readonly expires: Millis | null;
  readonly read: boolean;
};

export const workerAddress = (task: TaskId): Address => `worker/${task}`;

/** The task of a worker's address; null for who is no worker. */
export const workerOf = (address: string): { task: TaskId; execution: ExecutionId; step: string } | null => {
  const read = address.startsWith("worker/") ? readTaskId(address.slice("worker/".length)) : null;
  return read && { task: taskId(read.execution, read.step), ...read };
};

/** The id of the n-th mail that a job sends: the job can print it before anybody has it, and a job that is taken in twice sends it once. */
export const mailId = (job: string, ordinal: number): string => hash(["mail", job, ordinal]).slice(0, 10);

/** The id of one copy of a mail to everybody. */
const copyId = (id: string, to: Address): string => hash([id, to]).slice(0, 10);

/** A thread's id can be told from a mail's. */
const threadOf = (id: string): string => `t${id}`;

export type Sender = { readonly execution: ExecutionId; readonly from: Address; readonly at: Millis };

/** A mail as each of its recipients gets it. */
export const deliver = (
  mail: NewMail,
  id: string,
  { recipients, ...sender }: Sender & { readonly recipients: readonly Address[] },
): Mail[] =>
  recipients.map((to) => ({
    id: mail.to === EVERYBODY ? copyId(id, to) : id,
    ...sender,
    to,
    subject: mail.subject,
    body: mail.body,
    priority: mail.priority,
    type: mail.type,
    status: mail.type === "request" ? "pending" : "completed",
    thread: mail.thread ?? threadOf(id),
    replyTo: mail.replyTo,
    expires: mail.ttl === null ? null : sender.at + mail.ttl * 1_000,
    read: false,
  }));

type Running = {
  readonly id: ExecutionId;
  readonly issue: number;
  readonly steps: Readonly<Record<string, { readonly id: string; readonly state: string }>>;
};

/** Who gets a mail to everybody: the steps that run for the sender's issue, the sender excepted. */
export const runningWorkers = (executions: readonly Running[], execution: ExecutionId, sender: Address): Address[] => {
  const issue = executions.find(({ id }) => id === execution)?.issue;
  return executions
    .filter((each) => each.issue === issue)
    .flatMap(({ id, steps }) =>
      Object.values(steps).flatMap((step) => (step.state === "running" ? [workerAddress(taskId(id, step.id))] : [])),
    )
    .filter((address) => address !== sender);
};

/** Why an address may not answer a mail: only who was asked answers, and once. Null where it may. */
export const whyNoReply = (original: Mail, address: Address): string | null => {
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

export const isExpired = ({ expires }: Mail, now: Millis): boolean => expires !== null && expires <= now;

/** True for the mails that an address may see: its own, sent or received. `coordinator` and `user` are those of one execution. */
export const isOf = (address: Address, execution: ExecutionId) => {
  const mine = (mail: Mail, which: Address): boolean => which === address && (address !== "coordinator" || mail.execution === execution);
  return { to: (mail: Mail): boolean => mine(mail, mail.to), from: (mail: Mail): boolean => mine(mail, mail.from) };
};

const rank = ({ priority }: Mail): number => PRIORITIES.indexOf(priority);

/** The most urgent first, the newest first among equals. */
export const byUrgency = (mails: readonly Mail[]): Mail[] => [...mails].sort((a, b) => rank(b) - rank(a) || b.at - a.at);

export const byTime = (mails: readonly Mail[]): Mail[] => [...mails].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));

/** Requests of this sender that a person has not answered. */
export const openQuestions = (mails: readonly Mail[], from: Address, execution: ExecutionId): Mail[] =>
  byTime(mails.filter((mail) => mail.to === "user" && mail.status === "pending" && isOf(from, execution).from(mail)));
