import { formatMail, formatMailLine, formatMailThread, formatSentMail } from "../../core/messages/mail-text.ts";
import { TAKES_EFFECT_LATER } from "../../core/messages/tool-text.ts";
import { refuseMailReply } from "../../core/messages/refusals/questions.ts";
import {
  refuseUnknownAddress,
  refuseUnknownMessage,
  NO_MAIL_REFUSAL,
  OWN_ADDRESS_REFUSAL,
  refuseManyMails,
  refuseUnknownThread,
} from "../../core/messages/refusals/tools.ts";
import { z } from "zod";
import { readTaskId, toTaskId } from "../../core/domain/ids.ts";
import {
  MAIL_ANSWERS,
  answerMail,
  sortMailsByTime,
  createMailCopies,
  ALL_WORKERS_ADDRESS,
  type Mail,
  MAIL_LIMITS,
  type NewMail,
  MAIL_PRIORITIES,
  listRunningWorkers,
  MAIL_TTL_SECONDS,
  explainNoReply,
  toWorkerAddress,
} from "../../core/domain/mail.ts";
import { accept, type Result } from "../../core/domain/refusal.ts";
import type { JobMailbox } from "./job-mailbox.ts";
import {
  answerError,
  answerRefusal,
  recordCommand,
  answerWith,
  type McpTool,
  defineTool,
  type ToolAnswer,
  type ToolContext,
} from "./mcp-tool.ts";

const withMailbox = (context: ToolContext, act: (mail: JobMailbox) => ToolAnswer): ToolAnswer =>
  context.mail ? act(context.mail) : answerRefusal(NO_MAIL_REFUSAL);

/** Reads an address; `worker/` also accepts a step id of this execution. Workers of other issues have no address. Refusal: `unknown-address`. */
const readRecipient = ({ executions, ownExecution }: ToolContext, text: string): Result<NewMail["to"]> => {
  const issue = executions.find(({ id }) => id === ownExecution)?.issue;
  const here = executions.filter((each) => each.issue === issue);
  if (text === "coordinator" || text === "user" || text === ALL_WORKERS_ADDRESS) return accept(text);
  const name = text.startsWith("worker/") ? text.slice("worker/".length) : "";
  const read = readTaskId(name);
  const places = [...(read ? [read] : []), ...(ownExecution === null ? [] : [{ execution: ownExecution, step: name }])];
  const there = places.find(({ execution, step }) => Object.hasOwn(here.find(({ id }) => id === execution)?.steps ?? {}, step));
  if (there) return accept(toWorkerAddress(toTaskId(there.execution, there.step)));
  return refuseUnknownAddress(text, ALL_WORKERS_ADDRESS);
};

const isMailLimitReached = (mail: JobMailbox): boolean => mail.sent() >= MAIL_LIMITS.sent;
const mailLimitAnswer = answerRefusal(refuseManyMails(MAIL_LIMITS.sent));

const mailSendInput = z.strictObject({
  to: z.string().min(1).describe(`coordinator (the planner), worker/<task id>, ${ALL_WORKERS_ADDRESS}, or user (a person, by a comment).`),
  subject: z.string().min(1).max(MAIL_LIMITS.subject),
  body: z.string().min(1).max(MAIL_LIMITS.body),
  priority: z.enum(MAIL_PRIORITIES).default("normal"),
  thread_id: z.string().min(1).max(100).optional(),
  reply_to: z.string().min(1).max(100).optional(),
  msg_type: z
    .enum(["info", "request"])
    .default("info")
    .describe("A request expects an answer. A request to user ends this job; the job starts again with the answer."),
  ttl_seconds: z.int().min(MAIL_TTL_SECONDS.least).max(MAIL_TTL_SECONDS.most).optional(),
});

const toNewMail = (to: NewMail["to"], args: z.output<typeof mailSendInput>): NewMail => ({
  to,
  subject: args.subject,
  body: args.body,
  priority: args.priority,
  type: args.msg_type,
  thread: args.thread_id ?? null,
  replyTo: args.reply_to ?? null,
  ttl: args.ttl_seconds ?? null,
});

const sendNewMail = (context: ToolContext, args: z.output<typeof mailSendInput>): ToolAnswer =>
  withMailbox(context, (mail) => {
    const to = readRecipient(context, args.to);
    if (!to.ok) return answerRefusal(to);
    if (isMailLimitReached(mail)) return mailLimitAnswer;
    if (to.value === mail.address) return answerRefusal(OWN_ADDRESS_REFUSAL);
    const fresh = toNewMail(to.value, args);
    const id = mail.nextId();
    const recipients = to.value === ALL_WORKERS_ADDRESS ? listRunningWorkers(context.executions, mail.execution, mail.address) : [to.value];
    const copies = createMailCopies(fresh, id, { execution: mail.execution, from: mail.address, at: mail.now(), recipients });
    const [first] = copies;
    const about = { thread: first?.thread ?? null, status: first?.status ?? "completed", recipients: recipients.length };
    const structured = { id, to: to.value, ...about };
    const answer = recordCommand(context, { kind: "mail-send", ...fresh }, { text: formatSentMail(structured, fresh), structured });
    if (!answer.isError) mail.send(copies);
    return answer;
  });

const toMailSummary = ({ id, from, to, subject, priority, status, thread, at, read }: Mail) => ({
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

const checkMail = (mail: JobMailbox): ToolAnswer => {
  const unread = mail.unread();
  const text =
    unread.length === 0
      ? "No unread messages."
      : [`${unread.length} unread message(s):`, ...unread.map((each) => formatMailLine(each))].join("\n");
  return answerWith(text, { messages: unread.map((each) => toMailSummary(each)) });
};

const listInbox = (mail: JobMailbox): ToolAnswer => {
  const all = mail.received();
  const text = all.map((each) => `${each.read ? " " : "*"}${formatMailLine(each).slice(1)}`).join("\n") || "Inbox empty.";
  return answerWith(text, { messages: all.map((each) => toMailSummary(each)) });
};

/** Finds a mail visible to the job. Refusal: `unknown-mail`. */
const findMail = (mail: JobMailbox, id: string): Result<Mail> => {
  const found = mail.find(id);
  return found ? accept(found) : refuseUnknownMessage(id);
};

const showMail = (context: ToolContext, mail: JobMailbox, id: string): ToolAnswer => {
  const found = findMail(mail, id);
  if (!found.ok) return answerRefusal(found);
  const { value } = found;
  const text = formatMail(value);
  if (value.to === mail.address && !value.read) {
    mail.change(value.id, { read: true });
    context.record?.({ kind: "mail-read", mail: value.id });
  }
  return answerWith(text, { ...toMailSummary(value), read: true, body: value.body });
};

const mailReplyInput = z.strictObject({
  message_id: z.string().min(1),
  body: z.string().min(1).max(MAIL_LIMITS.body),
  status: z.enum(MAIL_ANSWERS).default("accepted"),
});

const replyToMail = (
  context: ToolContext,
  mail: JobMailbox,
  { message_id: request, body, status }: z.output<typeof mailReplyInput>,
): ToolAnswer => {
  const found = findMail(mail, request);
  if (!found.ok) return answerRefusal(found);
  const { value: original } = found;
  const reason = explainNoReply(original, mail.address);
  if (reason !== null) return answerError(refuseMailReply(reason));
  if (isMailLimitReached(mail)) return mailLimitAnswer;
  const id = mail.nextId();
  const structured = { id, to: original.from, thread: original.thread, status };
  const answer = recordCommand(
    context,
    { kind: "mail-reply", mail: request, body, status },
    { text: `Reply ${id} to ${original.from} ${TAKES_EFFECT_LATER}`, structured },
  );
  if (answer.isError) return answer;
  mail.change(request, { status, read: true });
  mail.send([answerMail(original, { id, body, at: mail.now() })]);
  return answer;
};

const showMailThread = (mail: JobMailbox, id: string): ToolAnswer => {
  const mails = sortMailsByTime(mail.all().filter((each) => each.thread === id));
  if (mails.length === 0) return answerRefusal(refuseUnknownThread(id));
  const text = formatMailThread(mails);
  return answerWith(text, { messages: mails.map((each) => ({ ...toMailSummary(each), body: each.body })) });
};

const MAIL_RIGHTS = "PWN";

export const mailTools: readonly McpTool[] = [
  defineTool({
    name: "enki_mail_send",
    summary: "Send mail to the planner, a worker, all running workers or a person. The mail is sent when this job's result is accepted.",
    rights: MAIL_RIGHTS,
    input: mailSendInput,
    run: sendNewMail,
  }),
  defineTool({
    name: "enki_mail_check",
    summary: "List your unread mail, most urgent first.",
    rights: MAIL_RIGHTS,
    input: z.strictObject({}),
    run: (context) => withMailbox(context, checkMail),
  }),
  defineTool({
    name: "enki_mail_read",
    summary: "Show a mail, and mark it as read.",
    rights: MAIL_RIGHTS,
    input: z.strictObject({ message_id: z.string().min(1) }),
    run: (context, { message_id: id }) => withMailbox(context, (mail) => showMail(context, mail, id)),
  }),
  defineTool({
    name: "enki_mail_inbox",
    summary: "List all mail that you received; `*` marks unread mail.",
    rights: MAIL_RIGHTS,
    input: z.strictObject({}),
    run: (context) => withMailbox(context, listInbox),
  }),
  defineTool({
    name: "enki_mail_reply",
    summary: "Answer a request that was sent to you.",
    rights: MAIL_RIGHTS,
    input: mailReplyInput,
    run: (context, args) => withMailbox(context, (mail) => replyToMail(context, mail, args)),
  }),
  defineTool({
    name: "enki_mail_thread",
    summary: "Show the mails of a thread that you took part in, oldest first.",
    rights: MAIL_RIGHTS,
    input: z.strictObject({ thread_id: z.string().min(1) }),
    run: (context, { thread_id: id }) => withMailbox(context, (mail) => showMailThread(mail, id)),
  }),
];
