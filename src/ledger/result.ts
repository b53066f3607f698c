import { z } from "zod";
import { MAX_ITEM } from "../model/backlog.ts";
import { isSha, isStepId, readTaskId, taskId, type TaskId } from "../model/ids.ts";
import { type JobKey, type JobResult, jobKey, readJobKey } from "../model/job.ts";
import { type Address, ANSWERS, EVERYBODY, MAIL_LIMITS, PRIORITIES, TTL, workerAddress, workerOf } from "../model/mail.ts";
import { MAX_REASON_CHARS, MAX_REPLIES, OUTCOMES } from "../model/outcome.ts";
import { CONDITIONS, TIERS } from "../model/plan.ts";

/** The longest text of a result, in characters. */
export const MAX_TEXT = 200_000;
const text = z.string().max(MAX_TEXT);
const sha = z.string().refine(isSha);
const stepId = z.string().refine(isStepId);
const condition = z.enum(CONDITIONS);

const task = z.string().transform((value, context): TaskId => {
  const read = readTaskId(value);
  if (read) return taskId(read.execution, read.step);
  context.addIssue("not a task id");
  return z.NEVER;
});

const job = z.string().transform((value, context): JobKey => {
  const read = readJobKey(value);
  if (read) return jobKey(read);
  context.addIssue("not a job");
  return z.NEVER;
});

const planned = z.strictObject({
  id: stepId,
  title: text,
  description: text,
  tier: z.enum(TIERS),
  role: z.string().nullable(),
  output: z.enum(["branch", "artifact"]),
  needs: z.array(z.union([z.strictObject({ step: stepId, condition }), z.strictObject({ task, condition })])),
  checkpoint: z.boolean(),
  paths: z.array(text),
  verify: z.array(text),
  // A plan of an earlier version has none.
  optional: z.boolean().default(false),
  run: text.nullable(),
});

const address = z.string().transform((value, context): Address | typeof EVERYBODY => {
  if (value === "coordinator" || value === "user" || value === EVERYBODY) return value;
  const worker = workerOf(value);
  if (worker) return workerAddress(worker.task);
  context.addIssue("not an address");
  return z.NEVER;
});

const item = z.string().min(1).max(MAX_ITEM);
const issue = z.int().positive();
const name = z.string().min(1).max(200);
const mailBody = z.string().min(1).max(MAIL_LIMITS.body);

const steering = (["retry", "pause", "resume", "cancel"] as const).map((kind) => z.strictObject({ kind: z.literal(kind), target: name }));
const mail = [
  z.strictObject({
    kind: z.literal("mail-send"),
    to: address,
    subject: z.string().min(1).max(MAIL_LIMITS.subject),
    body: mailBody,
    priority: z.enum(PRIORITIES),
    type: z.enum(["info", "request"]),
    thread: name.nullable(),
    replyTo: name.nullable(),
    ttl: z.int().min(TTL.least).max(TTL.most).nullable(),
  }),
  z.strictObject({ kind: z.literal("mail-read"), mail: name }),
  z.strictObject({ kind: z.literal("mail-reply"), mail: name, body: mailBody, status: z.enum(ANSWERS) }),
] as const;

export const outcomeSchema = z.strictObject({ kind: z.enum(OUTCOMES), reason: z.string().max(MAX_REASON_CHARS) });
export const repliesSchema = z
  .array(z.strictObject({ comment: z.int().positive(), addressed: z.boolean(), text: z.string().min(1).max(MAX_REASON_CHARS) }))
  .max(MAX_REPLIES)
  .readonly();

/** What an agent's tools may record: nothing else of the commands is ever taken from a job. */
export const recordedSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("propose"), plan: z.strictObject({ steps: z.array(planned) }) }),
  z.strictObject({ kind: z.literal("add-steps"), steps: z.array(planned), execution: name.optional() }),
  z.strictObject({ kind: z.literal("create-task"), step: planned }),
  z.strictObject({ kind: z.literal("quick"), prompt: text.min(1) }),
  z.strictObject({ kind: z.literal("stop") }),
  z.strictObject({
    kind: z.literal("report"),
    status: text,
    outcome: z.enum(OUTCOMES).optional(),
    reason: z.string().max(MAX_REASON_CHARS).optional(),
    replies: repliesSchema.optional(),
  }),
  z.strictObject({ kind: z.literal("backlog-add"), body: item }),
  z.strictObject({ kind: z.literal("backlog-update"), issue, body: item }),
  z.strictObject({ kind: z.literal("backlog-remove"), issue }),
  z.strictObject({ kind: z.literal("backlog-pick"), issue }),
  ...steering,
  ...mail,
]);

const resultSchema = z.strictObject({
  format: z.literal(1),
  job,
  run: z.number(),
  base: sha,
  end: z.enum(["success", "artifact", "unchanged", "failed", "asked", "timed-out", "crashed", "cancelled", "refused"]),
  why: text,
  // A result of an earlier version has none of the three.
  outcome: outcomeSchema.nullable().default(null),
  answer: text.default(""),
  replies: repliesSchema.default([]),
  output: text,
  artifact: text.nullable(),
  files: z.array(z.strictObject({ path: z.string(), mode: z.enum(["100644", "100755"]).nullable() })),
  tools: z.array(recordedSchema),
  spent: z.number().nonnegative(),
});

/** A `result.json`; null for what is none, since whoever may push can leave anything under our refs. */
export const readResult = (content: string): JobResult | null => {
  try {
    const read = resultSchema.safeParse(JSON.parse(content));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
};
