import { z } from "zod";
import { AGENT_FAILURE_CODES } from "../../core/domain/agent-failure.ts";
import { MAX_BACKLOG_ITEM_CHARS } from "../../core/domain/backlog-item.ts";
import { MAX_FAILED_COMMANDS, MAX_FAILED_TESTS, MAX_TEST_NAME_CHARS } from "../../core/domain/flaky-check.ts";
import { isSha, isStepId, readTaskId, toTaskId, type TaskId } from "../../core/domain/ids.ts";
import { type JobKey, type JobResult, toJobKey, readJobKey } from "../../core/domain/job.ts";
import {
  type MailAddress,
  MAIL_ANSWERS,
  ALL_WORKERS_ADDRESS,
  MAIL_LIMITS,
  MAIL_PRIORITIES,
  MAIL_TTL_SECONDS,
  toWorkerAddress,
  readWorkerAddress,
} from "../../core/domain/mail.ts";
import { MAX_REASON_CHARS, MAX_THREAD_REPLIES, OUTCOME_KINDS } from "../../core/domain/outcome.ts";
import { NEED_CONDITIONS, TIERS } from "../../core/domain/plan.ts";
import { stripHiddenChars } from "../../core/domain/visible-text.ts";
import { MAX_CORRECTIONS } from "../../core/domain/work-check.ts";
import { upgradeResult } from "./upgrade-format-1.ts";

export const MAX_RESULT_TEXT_CHARS = 200_000;
const resultTextSchema = z.string().max(MAX_RESULT_TEXT_CHARS);
/** A text without hidden characters: people and agents read the same. */
const shownTextSchema = resultTextSchema.transform(stripHiddenChars);
const shaSchema = z.string().refine(isSha);
const stepIdSchema = z.string().refine(isStepId);
const conditionSchema = z.enum(NEED_CONDITIONS);

const taskIdSchema = z.string().transform((value, context): TaskId => {
  const read = readTaskId(value);
  if (read) return toTaskId(read.execution, read.step);
  context.addIssue("not a task id");
  return z.NEVER;
});

const jobKeySchema = z.string().transform((value, context): JobKey => {
  const read = readJobKey(value);
  if (read) return toJobKey(read);
  context.addIssue("not a job");
  return z.NEVER;
});

const plannedStepSchema = z.strictObject({
  id: stepIdSchema,
  title: resultTextSchema,
  description: resultTextSchema,
  tier: z.enum(TIERS),
  role: z.string().nullable(),
  output: z.enum(["branch", "artifact"]),
  needs: z.array(
    z.union([
      z.strictObject({ step: stepIdSchema, condition: conditionSchema }),
      z.strictObject({ task: taskIdSchema, condition: conditionSchema }),
    ]),
  ),
  checkpoint: z.boolean(),
  paths: z.array(resultTextSchema),
  verify: z.array(resultTextSchema),
  // Plans of earlier versions lack this field.
  optional: z.boolean().default(false),
  run: resultTextSchema.nullable(),
});

const mailAddressSchema = z.string().transform((value, context): MailAddress | typeof ALL_WORKERS_ADDRESS => {
  if (value === "coordinator" || value === "user" || value === ALL_WORKERS_ADDRESS) return value;
  const worker = readWorkerAddress(value);
  if (worker) return toWorkerAddress(worker.task);
  context.addIssue("not an address");
  return z.NEVER;
});

const backlogTextSchema = z.string().min(1).max(MAX_BACKLOG_ITEM_CHARS);
const issueNumberSchema = z.int().positive();
const shortNameSchema = z.string().min(1).max(200);
const mailBodySchema = z.string().min(1).max(MAIL_LIMITS.body);

const steeringSchemas = (["retry", "pause", "resume", "cancel"] as const).map((kind) =>
  z.strictObject({ kind: z.literal(kind), target: shortNameSchema }),
);
const mailSchemas = [
  z.strictObject({
    kind: z.literal("mail-send"),
    to: mailAddressSchema,
    subject: z.string().min(1).max(MAIL_LIMITS.subject),
    body: mailBodySchema,
    priority: z.enum(MAIL_PRIORITIES),
    type: z.enum(["info", "request"]),
    thread: shortNameSchema.nullable(),
    replyTo: shortNameSchema.nullable(),
    ttl: z.int().min(MAIL_TTL_SECONDS.least).max(MAIL_TTL_SECONDS.most).nullable(),
  }),
  z.strictObject({ kind: z.literal("mail-read"), mail: shortNameSchema }),
  z.strictObject({ kind: z.literal("mail-reply"), mail: shortNameSchema, body: mailBodySchema, status: z.enum(MAIL_ANSWERS) }),
] as const;

export const outcomeSchema = z.strictObject({ kind: z.enum(OUTCOME_KINDS), reason: z.string().max(MAX_REASON_CHARS) });
export const repliesSchema = z
  .array(z.strictObject({ comment: z.int().positive(), addressed: z.boolean(), text: z.string().min(1).max(MAX_REASON_CHARS) }))
  .max(MAX_THREAD_REPLIES)
  .readonly();

const amountSchema = z.number().nonnegative().max(1e15).nullable();
export const usageSchema = z.strictObject({
  inputTokens: amountSchema,
  outputTokens: amountSchema,
  cachedTokens: amountSchema,
  costUsd: amountSchema,
});
/** The last moment of a JavaScript date. */
const MAX_TIME_MS = 8.64e15;
export const failureSchema = z.strictObject({
  code: z.enum(AGENT_FAILURE_CODES),
  resets: z.string().max(100).optional(),
  resetsAt: z.int().nonnegative().max(MAX_TIME_MS).optional(),
});

const checkFailureSchema = z.strictObject({
  command: z.string().max(MAX_RESULT_TEXT_CHARS),
  tests: z.array(z.string().max(MAX_TEST_NAME_CHARS)).max(MAX_FAILED_TESTS).readonly().optional(),
  passedAgain: z.boolean(),
});
export const checkFailuresSchema = z.array(checkFailureSchema).max(MAX_FAILED_COMMANDS).readonly();

export const workCheckSchema = z.strictObject({
  failed: z
    .array(z.string().max(MAX_RESULT_TEXT_CHARS))
    .max(MAX_CORRECTIONS + 1)
    .readonly(),
  end: z.enum(["passed", "failed", "unfinished"]),
});

/** Commands that agent tools may record: no other command is accepted from a job. */
export const recordedCommandSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("propose"), plan: z.strictObject({ steps: z.array(plannedStepSchema) }) }),
  z.strictObject({ kind: z.literal("add-steps"), steps: z.array(plannedStepSchema), execution: shortNameSchema.optional() }),
  z.strictObject({ kind: z.literal("create-task"), step: plannedStepSchema }),
  z.strictObject({ kind: z.literal("quick"), prompt: resultTextSchema.min(1) }),
  z.strictObject({ kind: z.literal("stop") }),
  z.strictObject({
    kind: z.literal("report"),
    status: resultTextSchema,
    outcome: z.enum(OUTCOME_KINDS).optional(),
    reason: z.string().max(MAX_REASON_CHARS).optional(),
    replies: repliesSchema.optional(),
  }),
  z.strictObject({ kind: z.literal("backlog-add"), body: backlogTextSchema }),
  z.strictObject({ kind: z.literal("backlog-update"), issue: issueNumberSchema, body: backlogTextSchema }),
  z.strictObject({ kind: z.literal("backlog-remove"), issue: issueNumberSchema }),
  z.strictObject({ kind: z.literal("backlog-pick"), issue: issueNumberSchema }),
  ...steeringSchemas,
  ...mailSchemas,
]);

const resultFilesSchema = z.array(z.strictObject({ path: z.string(), mode: z.enum(["100644", "100755"]).nullable() }));

const jobResultSchema = z.strictObject({
  format: z.literal(2),
  job: jobKeySchema,
  run: z.number(),
  ledgers: z.array(shaSchema).max(2).readonly().optional(),
  baseCommit: shaSchema,
  end: z.enum(["success", "artifact", "unchanged", "failed", "asked", "timed-out", "crashed", "cancelled", "refused"]),
  reason: shownTextSchema,
  // Results of earlier versions lack these three fields.
  outcome: outcomeSchema.nullable().default(null),
  answer: shownTextSchema.default(""),
  replies: repliesSchema.default([]),
  output: shownTextSchema,
  artifact: shownTextSchema.nullable(),
  files: resultFilesSchema,
  // Results of earlier versions lack this field.
  kept: resultFilesSchema.optional(),
  tools: z.array(recordedCommandSchema),
  spent: z.number().nonnegative(),
  // Results of earlier versions lack these four fields, and so do results with nothing to say in them.
  failure: failureSchema.optional(),
  usage: usageSchema.optional(),
  failures: checkFailuresSchema.optional(),
  check: workCheckSchema.optional(),
});

/** Parses a `result.json`; null if malformed, since anyone with push access can create result refs. */
export const readJobResult = (content: string): JobResult | null => {
  try {
    const read = jobResultSchema.safeParse(upgradeResult(JSON.parse(content)));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
};
