import { z } from "zod";
import { readTaskId, taskId } from "../model/ids.ts";
import {
  ANSWERS,
  answerMail,
  byTime,
  deliver,
  EVERYBODY,
  type Mail,
  MAIL_LIMITS,
  type NewMail,
  PRIORITIES,
  runningWorkers,
  TTL,
  whyNoReply,
  workerAddress,
} from "../model/mail.ts";
import { accept, refuse, type Result } from "../model/refusal.ts";
import type { Mailbox } from "./mailbox.ts";
import { fail, failed, LATER, record, say, type Tool, tool, type ToolAnswer, type ToolContext } from "./tool.ts";

const noMail = fail({ code: "no-mail", why: "there is no job here: nobody gets mail" });

const withMail = (context: ToolContext, act: (mail: Mailbox) => ToolAnswer): ToolAnswer => (context.mail ? act(context.mail) : noMail);

/** An address as it may be written: `worker/` also before a step's id of this execution. Refusal: `unknown-address`. */
const readAddress = ({ executions, own }: ToolContext, text: string): Result<NewMail["to"]> => {
  if (text === "coordinator" || text === "user" || text === EVERYBODY) return accept(text);
  const name = text.startsWith("worker/") ? text.slice("worker/".length) : "";
  const read = readTaskId(name);
  const places = [...(read ? [read] : []), ...(own === null ? [] : [{ execution: own, step: name }])];
  const there = places.find(({ execution, step }) => Object.hasOwn(executions.find(({ id }) => id === execution)?.steps ?? {}, step));
  if (there) return accept(workerAddress(taskId(there.execution, there.step)));
  return refuse("unknown-address", `nobody has the address '${text}': there are coordinator, user, ${EVERYBODY} and worker/<task id>`);
};

const tooMany = (mail: Mailbox): boolean => mail.sent() >= MAIL_LIMITS.sent;
const full = fail({ code: "too-much-mail", why: `a job sends at most ${MAIL_LIMITS.sent} mails` });

const sendInput = z.strictObject({
  to: z.string().min(1).describe(`coordinator (the planner), worker/<task id>, ${EVERYBODY}, or user (a person, by a comment).`),
  subject: z.string().min(1).max(MAIL_LIMITS.subject),
  body: z.string().min(1).max(MAIL_LIMITS.body),
  priority: z.enum(PRIORITIES).default("normal"),
  thread_id: z.string().min(1).max(100).optional(),
  reply_to: z.string().min(1).max(100).optional(),
  msg_type: z
    .enum(["info", "request"])
    .default("info")
    .describe("A request asks for an answer. One to user ends this job: it is started again with the answer."),
  ttl_seconds: z.int().min(TTL.least).max(TTL.most).optional(),
});

const newMail = (to: NewMail["to"], args: z.output<typeof sendInput>): NewMail => ({
  to,
  subject: args.subject,
  body: args.body,
  priority: args.priority,
  type: args.msg_type,
  thread: args.thread_id ?? null,
  replyTo: args.reply_to ?? null,
  ttl: args.ttl_seconds ?? null,
});

const send = (context: ToolContext, args: z.output<typeof sendInput>): ToolAnswer =>
  withMail(context, (mail) => {
    const to = readAddress(context, args.to);
    if (!to.ok) return failed(to);
    if (tooMany(mail)) return full;
    if (to.value === mail.address) return fail({ code: "own-address", why: "that is your own address" });
    const fresh = newMail(to.value, args);
    const id = mail.nextId();
    const recipients = to.value === EVERYBODY ? runningWorkers(context.executions, mail.execution, mail.address) : [to.value];
    const copies = deliver(fresh, id, { execution: mail.execution, from: mail.address, at: mail.now(), recipients });
    const [first] = copies;
    const about = { thread: first?.thread ?? null, status: first?.status ?? "completed", recipients: recipients.length };
    const structured = { id, to: to.value, ...about };
    const answer = record(context, { kind: "mail-send", ...fresh }, { text: sentText(structured, fresh), structured });
    if (!answer.isError) mail.send(copies);
    return answer;
  });

const sentText = ({ id, to, recipients }: { id: string; to: NewMail["to"]; recipients: number }, { type }: NewMail): string => {
  if (to === EVERYBODY) return `Broadcast sent to ${recipients} worker(s): ${LATER}`;
  if (to === "user" && type === "request") {
    return `Mail ${id} asks a person, by a comment. End your turn now, without changing anything more: what you changed so far is not kept. You are started again with the answer.`;
  }
  return `Mail ${id} to ${to} ${LATER}`;
};

const time = (at: number): string => new Date(at).toISOString().slice(11, 19);
const line = ({ id, priority, subject, from, at }: Mail): string => `  ${id} | [${priority}] ${subject} | from: ${from} | ${time(at)}`;
const shown = ({ id, from, to, subject, priority, status, thread, at, read }: Mail) => ({
  id,
  from,
  to,
  subject,
  priority,
  status,
  thread,
  at,
  read,
});

const check = (mail: Mailbox): ToolAnswer => {
  const unread = mail.unread();
  const text =
    unread.length === 0 ? "No unread messages." : [`${unread.length} unread message(s):`, ...unread.map((each) => line(each))].join("\n");
  return say(text, { messages: unread.map((each) => shown(each)) });
};

const inbox = (mail: Mailbox): ToolAnswer => {
  const all = mail.received();
  const text = all.map((each) => `${each.read ? " " : "*"}${line(each).slice(1)}`).join("\n") || "Inbox empty.";
  return say(text, { messages: all.map((each) => shown(each)) });
};

/** A mail that this job may see. Refusal: `unknown-mail`. */
const find = (mail: Mailbox, id: string): Result<Mail> => {
  const found = mail.find(id);
  return found ? accept(found) : refuse("unknown-mail", `not found: message ${id}`);
};

const read = (context: ToolContext, mail: Mailbox, id: string): ToolAnswer => {
  const found = find(mail, id);
  if (!found.ok) return failed(found);
  const { value } = found;
  const text = [
    `From: ${value.from}`,
    `To: ${value.to}`,
    `Subject: ${value.subject}`,
    `Type: ${value.type}, ${value.status}`,
    `Priority: ${value.priority}`,
    `Time: ${time(value.at)}`,
    `Thread: ${value.thread}`,
    ...(value.replyTo === null ? [] : [`Reply-To: ${value.replyTo}`]),
    "",
    value.body,
  ].join("\n");
  if (value.to === mail.address && !value.read) {
    mail.change(value.id, { read: true });
    context.record?.({ kind: "mail-read", mail: value.id });
  }
  return say(text, { ...shown(value), read: true, body: value.body });
};

const replyInput = z.strictObject({
  message_id: z.string().min(1),
  body: z.string().min(1).max(MAIL_LIMITS.body),
  status: z.enum(ANSWERS).default("accepted"),
});

const reply = (context: ToolContext, mail: Mailbox, { message_id: asked, body, status }: z.output<typeof replyInput>): ToolAnswer => {
  const found = find(mail, asked);
  if (!found.ok) return failed(found);
  const { value: original } = found;
  const why = whyNoReply(original, mail.address);
  if (why !== null) return fail({ code: "no-reply", why });
  if (tooMany(mail)) return full;
  const id = mail.nextId();
  const structured = { id, to: original.from, thread: original.thread, status };
  const answer = record(
    context,
    { kind: "mail-reply", mail: asked, body, status },
    { text: `Reply ${id} to ${original.from} ${LATER}`, structured },
  );
  if (answer.isError) return answer;
  mail.change(asked, { status, read: true });
  mail.send([answerMail(original, { id, body, at: mail.now() })]);
  return answer;
};

const thread = (mail: Mailbox, id: string): ToolAnswer => {
  const mails = byTime(mail.all().filter((each) => each.thread === id));
  if (mails.length === 0) return fail({ code: "unknown-thread", why: `not found: thread ${id}` });
  const quote = (text: string): string =>
    text
      .split("\n")
      .map((each) => `    > ${each}`)
      .join("\n");
  const text = mails.map((each) => `${line(each).trim()} | to: ${each.to} | ${each.status}\n${quote(each.body)}`).join("\n\n");
  return say(text, { messages: mails.map((each) => ({ ...shown(each), body: each.body })) });
};

const RIGHTS = "PWN";

export const mailTools: readonly Tool[] = [
  tool({
    name: "enki_mail_send",
    summary: "Write to the planner, to a worker, to all running workers or to a person. It leaves with this job's result.",
    rights: RIGHTS,
    input: sendInput,
    run: send,
  }),
  tool({
    name: "enki_mail_check",
    summary: "List your unread mail, the most urgent first.",
    rights: RIGHTS,
    input: z.strictObject({}),
    run: (context) => withMail(context, check),
  }),
  tool({
    name: "enki_mail_read",
    summary: "Show a mail, and mark it as read.",
    rights: RIGHTS,
    input: z.strictObject({ message_id: z.string().min(1) }),
    run: (context, { message_id: id }) => withMail(context, (mail) => read(context, mail, id)),
  }),
  tool({
    name: "enki_mail_inbox",
    summary: "List all mail that you received; `*` marks what is unread.",
    rights: RIGHTS,
    input: z.strictObject({}),
    run: (context) => withMail(context, inbox),
  }),
  tool({
    name: "enki_mail_reply",
    summary: "Answer a request that was sent to you.",
    rights: RIGHTS,
    input: replyInput,
    run: (context, args) => withMail(context, (mail) => reply(context, mail, args)),
  }),
  tool({
    name: "enki_mail_thread",
    summary: "Show the mails of a thread that you took part in, the oldest first.",
    rights: RIGHTS,
    input: z.strictObject({ thread_id: z.string().min(1) }),
    run: (context, { thread_id: id }) => withMail(context, (mail) => thread(mail, id)),
  }),
];
