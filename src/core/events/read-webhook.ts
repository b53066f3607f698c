import { readOwn } from "../domain/own-record.ts";
import { z } from "zod";
import type { Event } from "../domain/event.ts";
import { type Login, isSameLogin } from "../domain/ids.ts";
import { toJobKey, readJobKey, readRunKey } from "../domain/job.ts";
import type { Review } from "../domain/github-facts.ts";
import { readComment, readLineComment, readReview } from "./read-comment.ts";
import { readNewIssue } from "./read-issue.ts";

const dateSchema = z.string().refine((text) => !Number.isNaN(Date.parse(text)));
const accountSchema = z.object({ login: z.string(), type: z.string().optional() });
const issueCommentSchema = z.object({
  action: z.string(),
  issue: z.object({ number: z.number(), pull_request: z.unknown().optional() }),
  comment: z.object({ id: z.number(), user: accountSchema.nullable(), body: z.string(), created_at: dateSchema, updated_at: dateSchema }),
});
const optionalTextSchema = z.string().nullish();
const reviewEventSchema = z.object({
  action: z.string(),
  review: z.object({
    id: z.number(),
    user: accountSchema.nullable(),
    body: optionalTextSchema,
    submitted_at: optionalTextSchema,
    state: z.string(),
  }),
  pull_request: z.object({ number: z.number() }),
});
const lineCommentEventSchema = z.object({
  action: z.string(),
  comment: z.object({
    id: z.number(),
    in_reply_to_id: z.number().nullish(),
    user: accountSchema.nullable(),
    body: optionalTextSchema,
    created_at: dateSchema,
    updated_at: dateSchema,
  }),
  pull_request: z.object({ number: z.number() }),
});
const issuesEventSchema = z.object({
  action: z.string(),
  issue: z.object({ number: z.number(), user: accountSchema.nullable(), body: z.string().nullish(), created_at: dateSchema }),
  sender: accountSchema,
  label: z.object({ name: z.string() }).nullish(),
  assignee: accountSchema.nullish(),
});
const pullEventSchema = z.object({ action: z.string(), sender: accountSchema });
const workflowRunEventSchema = z.object({
  action: z.string(),
  workflow_run: z.object({ display_title: z.string().nullish(), name: z.string().nullish() }),
});

/**
 * Reads a webhook: a comment's commands, otherwise a bare wake-up if something relevant may have changed, otherwise nothing.
 * Only used fields are validated; a payload with an unexpected form becomes a wake-up.
 */
export const readWebhook = (name: string, payload: unknown, self: Login): Event[] => {
  switch (name) {
    case "issue_comment":
      return readIssueCommentEvent(payload, self);
    case "workflow_run":
      return readWorkflowRunEvent(payload);
    case "issues":
      return readIssuesEvent(payload, self);
    case "pull_request":
      return [readPullEvent(payload, self)];
    case "pull_request_review":
      return readReviewEvent(payload, self);
    case "pull_request_review_comment":
      return readLineCommentEvent(payload, self);
    case "push":
    case "repository_dispatch":
    case "check_run":
    case "status":
    case "merge_group":
      return [{ kind: "woken" }];
    default:
      return [];
  }
};

/** A new issue yields its commands; a label or an assignment to Enki yields a wake-up, after which the issue's history is listed. */
const readIssuesEvent = (payload: unknown, self: Login): Event[] => {
  const read = issuesEventSchema.safeParse(payload);
  if (!read.success) return [];
  return read.data.action === "opened" ? readOpenedIssue(read.data, self) : readIssueTriggerChange(read.data, self);
};

type IssuesPayload = z.output<typeof issuesEventSchema>;

const readOpenedIssue = ({ issue: { number: issue, user, body, created_at } }: IssuesPayload, self: Login): Event[] => {
  if (!user) return [];
  const fields = { issue, by: user.login, bot: isBotAccount(user), body: body ?? "", created: Date.parse(created_at), edited: false };
  const event = readNewIssue(fields, self);
  return event ? [event] : [];
};

const readIssueTriggerChange = ({ action, sender, label, assignee }: IssuesPayload, self: Login): Event[] => {
  if (isBotAccount(sender) || isSameLogin(sender.login, self)) return [];
  if (action === "labeled" && label) return [{ kind: "woken", trigger: { kind: "label", name: label.name } }];
  const isOurs = action === "assigned" && assignee && isSameLogin(assignee.login, self);
  return isOurs ? [{ kind: "woken", trigger: { kind: "assignment" } }] : [];
};

/** Enki's own actions report no activity of people. A push reports none either, because the moved head is seen anyway. */
const readPullEvent = (payload: unknown, self: Login): Event => {
  const read = pullEventSchema.safeParse(payload);
  const isOurs = read.success && (isSameLogin(read.data.sender.login, self) || QUIET_PULL_ACTIONS.has(read.data.action));
  return isOurs ? { kind: "woken" } : { kind: "woken", activity: "pulls" };
};
const QUIET_PULL_ACTIONS: ReadonlySet<string> = new Set(["opened", "synchronize"]);

const readIssueCommentEvent = (payload: unknown, self: Login): Event[] => {
  const read = issueCommentSchema.safeParse(payload);
  if (!read.success || read.data.action !== "created" || !read.data.comment.user) return [];
  const { issue, comment } = read.data;
  const { login } = read.data.comment.user;
  return readComment(
    {
      id: comment.id,
      issue: issue.number,
      onPull: issue.pull_request !== undefined && issue.pull_request !== null,
      by: login,
      bot: isBotAccount(read.data.comment.user),
      body: comment.body,
      created: Date.parse(comment.created_at),
      updated: Date.parse(comment.updated_at),
    },
    self,
  );
};

const isBotAccount = ({ login, type }: z.output<typeof accountSchema>): boolean => type === "Bot" || login.endsWith("[bot]");

const VERDICTS_BY_STATE: Readonly<Record<string, Review["verdict"]>> = {
  approved: "approved",
  changes_requested: "changes-requested",
  commented: "commented",
};

/** The payload of an edited review looks like a first submission, whose webhook may arrive later. Therefore the sweep reads reviews whose submission no webhook reported. */
const readReviewEvent = (payload: unknown, self: Login): Event[] => {
  const read = reviewEventSchema.safeParse(payload);
  if (!read.success) return [{ kind: "woken", activity: "reviews" }];
  const { action, review, pull_request } = read.data;
  const { number: pull } = pull_request;
  const { user } = review;
  if (action !== "submitted" || !user) return [{ kind: "woken", activity: "reviews", pull }];
  const at = Date.parse(review.submitted_at ?? "");
  if (Number.isNaN(at)) return [{ kind: "woken", activity: "reviews", pull }];
  const { id, body, state } = review;
  const verdict = readOwn(VERDICTS_BY_STATE, state.toLowerCase()) ?? "dismissed";
  return readReview({ id, pull, by: user.login, bot: isBotAccount(user), at, verdict, text: body ?? "", edited: false }, self);
};

const readLineCommentEvent = (payload: unknown, self: Login): Event[] => {
  const read = lineCommentEventSchema.safeParse(payload);
  if (!read.success || read.data.action !== "created" || !read.data.comment.user) return [];
  const { comment, pull_request } = read.data;
  const { user } = read.data.comment;
  const { id, in_reply_to_id, body, updated_at } = comment;
  // Submitting a review updates its drafted comments, so `updated_at` is the time of the first visible text.
  const at = Date.parse(updated_at);
  const thread = in_reply_to_id ?? id;
  const written = { by: user.login, bot: isBotAccount(user), body: body ?? "" };
  return readLineComment({ id, pull: pull_request.number, thread, ...written, at, edited: false }, self);
};

const readWorkflowRunEvent = (payload: unknown): Event[] => {
  const read = workflowRunEventSchema.safeParse(payload);
  if (!read.success || read.data.action !== "completed") return [];
  const { display_title, name } = read.data.workflow_run;
  const job = readJobKey(readRunKey(display_title ?? name ?? ""));
  return job ? [{ kind: "woken", endedJob: toJobKey(job) }] : [{ kind: "woken" }];
};
