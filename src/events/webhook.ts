import { z } from "zod";
import type { Event } from "../model/event.ts";
import type { Login } from "../model/ids.ts";
import { jobKey, readJobKey } from "../model/job.ts";
import type { Review } from "../model/query.ts";
import { readComment, readLineComment, readReview } from "./comment.ts";
import { readIssue } from "./issue.ts";

const account = z.object({ login: z.string(), type: z.string().optional() });
const issueComment = z.object({
  action: z.string(),
  issue: z.object({ number: z.number(), pull_request: z.unknown().optional() }),
  comment: z.object({ id: z.number(), user: account.nullable(), body: z.string(), created_at: z.string(), updated_at: z.string() }),
});
const text = z.string().nullish();
const reviewEvent = z.object({
  action: z.string(),
  review: z.object({ id: z.number(), user: account.nullable(), body: text, submitted_at: text, state: z.string() }),
  pull_request: z.object({ number: z.number() }),
});
const lineCommentEvent = z.object({
  action: z.string(),
  comment: z.object({
    id: z.number(),
    in_reply_to_id: z.number().nullish(),
    user: account.nullable(),
    body: text,
    created_at: z.string(),
    updated_at: z.string(),
  }),
  pull_request: z.object({ number: z.number() }),
});
const issuesEvent = z.object({
  action: z.string(),
  issue: z.object({ number: z.number(), user: account.nullable(), body: z.string().nullish(), created_at: z.string() }),
  sender: account,
  label: z.object({ name: z.string() }).nullish(),
  assignee: account.nullish(),
});
const pullEvent = z.object({ action: z.string(), sender: account });
const workflowRun = z.object({
  action: z.string(),
  workflow_run: z.object({ display_title: z.string().nullish(), name: z.string().nullish() }),
});

/**
 * A webhook as events: a comment's commands, else a bare wake-up for what may have changed; nothing for what cannot concern us.
 * Only the fields that we use are read, and a payload of another form is a wake-up.
 */
export const readWebhook = (name: string, payload: unknown, self: Login): Event[] => {
  switch (name) {
    case "issue_comment":
      return readIssueComment(payload, self);
    case "workflow_run":
      return readWorkflowRun(payload);
    case "issues":
      return readIssues(payload, self);
    case "pull_request":
      return [readPull(payload, self)];
    case "pull_request_review":
      return readReviewed(payload, self);
    case "pull_request_review_comment":
      return readLine(payload, self);
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

/** A new issue's commands; for a label or an assignment to us a wake-up, by which the issue's history is listed. */
const readIssues = (payload: unknown, self: Login): Event[] => {
  const read = issuesEvent.safeParse(payload);
  if (!read.success) return [];
  return read.data.action === "opened" ? readOpened(read.data, self) : readChange(read.data, self);
};

type Issues = z.output<typeof issuesEvent>;

const readOpened = ({ issue: { number: issue, user, body, created_at } }: Issues, self: Login): Event[] => {
  if (!user) return [];
  const fields = { issue, by: user.login, bot: isBot(user), body: body ?? "", created: Date.parse(created_at), edited: false };
  const event = readIssue(fields, self);
  return event ? [event] : [];
};

const readChange = ({ action, sender, label, assignee }: Issues, self: Login): Event[] => {
  if (isBot(sender) || sender.login === self) return [];
  if (action === "labeled" && label) return [{ kind: "woken", trigger: { kind: "label", name: label.name } }];
  const isOurs = action === "assigned" && assignee?.login.toLowerCase() === self.toLowerCase();
  return isOurs ? [{ kind: "woken", trigger: { kind: "assignment" } }] : [];
};

/** What we did ourselves says nothing of people, nor does a push: it moves a head, which is seen anyway. */
const readPull = (payload: unknown, self: Login): Event => {
  const read = pullEvent.safeParse(payload);
  const isOurs = read.success && (read.data.sender.login === self || QUIET.has(read.data.action));
  return isOurs ? { kind: "woken" } : { kind: "woken", people: "pulls" };
};
const QUIET: ReadonlySet<string> = new Set(["opened", "synchronize"]);

const readIssueComment = (payload: unknown, self: Login): Event[] => {
  const read = issueComment.safeParse(payload);
  if (!read.success || read.data.action !== "created" || !read.data.comment.user) return [];
  const { issue, comment } = read.data;
  const { login } = read.data.comment.user;
  return readComment(
    {
      id: comment.id,
      issue: issue.number,
      onPull: issue.pull_request !== undefined && issue.pull_request !== null,
      by: login,
      bot: isBot(read.data.comment.user),
      body: comment.body,
      created: Date.parse(comment.created_at),
      updated: Date.parse(comment.updated_at),
    },
    self,
  );
};

const isBot = ({ login, type }: z.output<typeof account>): boolean => type === "Bot" || login.endsWith("[bot]");

const VERDICTS: Readonly<Record<string, Review["verdict"]>> = {
  approved: "approved",
  changes_requested: "changes-requested",
  commented: "commented",
};

/** An edited review looks like one that is being submitted, whose webhook may come later: the sweep knows which it is, and reads what no webhook reported. */
const readReviewed = (payload: unknown, self: Login): Event[] => {
  const read = reviewEvent.safeParse(payload);
  if (!read.success) return [{ kind: "woken", people: "reviews" }];
  const { action, review, pull_request } = read.data;
  const { number: pull } = pull_request;
  const { user } = review;
  if (action !== "submitted" || !user) return [{ kind: "woken", people: "reviews", pull }];
  const at = Date.parse(review.submitted_at ?? "");
  if (Number.isNaN(at)) return [{ kind: "woken", people: "reviews", pull }];
  const { id, body, state } = review;
  const verdict = VERDICTS[state.toLowerCase()] ?? "dismissed";
  return readReview({ id, pull, by: user.login, bot: isBot(user), at, verdict, text: body ?? "", edited: false }, self);
};

const readLine = (payload: unknown, self: Login): Event[] => {
  const read = lineCommentEvent.safeParse(payload);
  if (!read.success || read.data.action !== "created" || !read.data.comment.user) return [];
  const { comment, pull_request } = read.data;
  const { user } = read.data.comment;
  const { id, in_reply_to_id, body, updated_at } = comment;
  // A comment is drafted before its review is submitted, which updates it: this is its first text all the same.
  const at = Date.parse(updated_at);
  const thread = in_reply_to_id ?? id;
  const written = { by: user.login, bot: isBot(user), body: body ?? "" };
  return readLineComment({ id, pull: pull_request.number, thread, ...written, at, edited: false }, self);
};

const readWorkflowRun = (payload: unknown): Event[] => {
  const read = workflowRun.safeParse(payload);
  if (!read.success || read.data.action !== "completed") return [];
  const job = readJobKey(read.data.workflow_run.display_title ?? read.data.workflow_run.name ?? "");
  return job ? [{ kind: "woken", ended: jobKey(job) }] : [{ kind: "woken" }];
};
