import { z } from "zod";
import { requirePermission, mayPush, mayTriage } from "./repository-access.ts";
import { type ApiCall, createdReply, type RouteHandler, okReply, type ApiRoute } from "./api-call.ts";
import { replaceAssignees, recordIssueEvent, replaceLabels, reportIssueEvent } from "./issue-events.ts";
import { validationRefusal, notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import type { ApiJson } from "./api-urls.ts";
import { restIssueShape, REACTION_CONTENTS, reactionShape } from "./issue-shapes.ts";
import { type Issue } from "./forge-issue.ts";
import { takeNextId } from "./forge-state.ts";

/** A label as a name or as GitHub's object. */
export const labelSchema = z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]);
const newIssueSchema = z.object({
  title: z.union([z.string(), z.number().transform(String)]),
  body: z.string().nullish(),
  labels: z.array(labelSchema).default([]),
  assignees: z.array(z.string()).default([]),
});
const changedIssueSchema = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "duplicate", "reopened"]).nullish(),
  labels: z.array(labelSchema).optional(),
  assignees: z.array(z.string()).optional(),
});
export const readNumber = (text: string): number => (/^\d+$/.test(text) ? Number(text) : -1);

export const getRequestedIssue = (call: ApiCall): Issue => {
  const issue = call.repository.issues.get(readNumber(call.param("number")));
  if (!issue) throw notFoundRefusal();
  return issue;
};

/** Requires `issues: write` for an issue. The route itself also admits tokens that may write only pull requests. */
export const requireIssueWriter = (call: ApiCall, issue: Issue): void => {
  if (!issue.pull && call.actor().kind !== "user") requirePermission(call.actor(), call.repository, { scope: "issues", level: "write" });
};

/** Adds an issue with the next number; a pull request if `pull` is not null. */
export const addNewIssue = (
  call: ApiCall,
  fields: { title: string; body: string; labels: readonly string[]; assignees: readonly string[]; pull: Issue["pull"] },
): Issue => {
  const { forge, repository } = call;
  if (fields.title.trim() === "") throw validationRefusal(fields.pull ? "PullRequest" : "Issue", "title can't be blank");
  repository.lastNumber += 1;
  const now = forge.now();
  const issue: Issue = {
    id: takeNextId(forge),
    number: repository.lastNumber,
    by: call.actor().account,
    title: fields.title,
    body: fields.body,
    state: "open",
    stateReason: null,
    labels: [...fields.labels],
    assignees: [...fields.assignees],
    created: now,
    updated: now,
    closed: null,
    reactions: [],
    edits: [],
    pull: fields.pull,
  };
  repository.issues.set(issue.number, issue);
  return issue;
};

export const createIssue: RouteHandler = async (call) => {
  const { forge, repository } = call;
  const actor = call.actor();
  const { labels, assignees, ...input } = await call.input(newIssueSchema);
  const issue = addNewIssue(call, { ...input, body: input.body ?? "", labels: [], assignees: [], pull: null });
  reportIssueEvent(forge, repository, { issue, actor, action: "opened" });
  replaceLabels(forge, repository, { issue, actor, labels });
  replaceAssignees(forge, repository, { issue, actor, logins: assignees });
  return createdReply(restIssueShape(forge, repository, issue));
};

const ISSUE_SORT_KEYS: Readonly<Record<string, (issue: Issue) => number>> = {
  created: (issue) => issue.created,
  updated: (issue) => issue.updated,
  comments: () => 0,
};

/** Filters and sorts issues by the query of a listing: state, creator, labels and since. */
export const filterIssues = (call: ApiCall, from: readonly Issue[]): Issue[] => {
  const state = call.query("state") ?? "open";
  const labels = (call.query("labels") ?? "").split(",").filter((name) => name !== "");
  const creator = call.query("creator")?.toLowerCase();
  const since = Date.parse(call.query("since") ?? "");
  const key = ISSUE_SORT_KEYS[call.query("sort") ?? "created"] ?? ((issue: Issue) => issue.created);
  const sign = call.query("direction") === "asc" ? 1 : -1;
  return from
    .filter((issue) => state === "all" || issue.state === state)
    .filter((issue) => creator === undefined || issue.by.login.toLowerCase() === creator)
    .filter((issue) => labels.every((name) => issue.labels.includes(name)))
    .filter((issue) => Number.isNaN(since) || Math.floor(issue.updated / 1_000) * 1_000 >= since)
    .sort((a, b) => sign * (key(a) - key(b) || a.number - b.number));
};

const listIssues: RouteHandler = (call) =>
  call.page(filterIssues(call, [...call.repository.issues.values()]).map((issue) => restIssueShape(call.forge, call.repository, issue)));

/** Opens or closes an issue and returns whether its state changed. */
export const changeIssueState = (issue: Issue, change: { state: Issue["state"]; reason: string | null; now: number }): boolean => {
  if (issue.state === change.state) return false;
  issue.state = change.state;
  issue.stateReason = change.state === "closed" ? (change.reason ?? "completed") : "reopened";
  issue.closed = change.state === "closed" ? change.now : null;
  issue.updated = change.now;
  return true;
};

/** Requires write access from everyone except the author. */
export const requireEditor = (call: ApiCall, author: string): void => {
  const actor = call.actor();
  if (actor.kind === "user" && actor.account.login !== author && !mayPush(call.repository, actor.account.login)) {
    throw new ApiRefusal(403, "Must have admin permissions to Repository.");
  }
};

/** Requires write access. */
export const requirePush = (call: ApiCall): void => {
  const actor = call.actor();
  if (actor.kind === "user" && !mayPush(call.repository, actor.account.login))
    throw new ApiRefusal(403, "Must have admin permissions to Repository.");
};

/** Requires write or triage access. */
export const requireTriage = (call: ApiCall): void => {
  const actor = call.actor();
  if (actor.kind === "user" && !mayTriage(call.repository, actor.account.login))
    throw new ApiRefusal(403, "Must have admin permissions to Repository.");
};

type IssueTextInput = { readonly title?: string | undefined; readonly body?: string | null | undefined };

/** Changes title and body of an issue, records the previous text and returns the changes for an event. */
export const changeIssueText = (call: ApiCall, issue: Issue, input: IssueTextInput): ApiJson => {
  const { forge, repository } = call;
  const changes: ApiJson = {};
  const at = forge.now();
  const title = input.title ?? issue.title;
  const body = input.body === undefined ? issue.body : (input.body ?? "");
  if (title !== issue.title) {
    changes["title"] = { from: issue.title };
    recordIssueEvent(forge, repository, { issue, actor: call.actor(), action: "renamed", rename: { from: issue.title, to: title } });
    issue.title = title;
  }
  if (body !== issue.body) {
    changes["body"] = { from: issue.body };
    if (issue.edits.length === 0) issue.edits.push({ at: issue.created, by: issue.by, text: issue.body });
    issue.edits.push({ at, by: call.actor().account, text: body });
    issue.body = body;
  }
  if (Object.keys(changes).length > 0) issue.updated = at;
  return changes;
};

const updateIssue: RouteHandler = async (call) => {
  const { forge, repository } = call;
  const issue = getRequestedIssue(call);
  requireIssueWriter(call, issue);
  requireEditor(call, issue.by.login);
  const input = await call.input(changedIssueSchema);
  const actor = call.actor();
  const now = forge.now();
  const changes = changeIssueText(call, issue, input);
  if (Object.keys(changes).length > 0) reportIssueEvent(forge, repository, { issue, actor, action: "edited", more: { changes } });
  if (input.assignees) replaceAssignees(forge, repository, { issue, actor, logins: input.assignees });
  if (input.labels) replaceLabels(forge, repository, { issue, actor, labels: input.labels });
  if (input.state && changeIssueState(issue, { state: input.state, reason: input.state_reason ?? null, now }))
    reportIssueEvent(forge, repository, { issue, actor, action: input.state === "closed" ? "closed" : "reopened" });
  return okReply(restIssueShape(forge, repository, issue));
};

const ISSUE_SCOPES = ["issues", "pull_requests"];

const reactToIssue: RouteHandler = async (call) => {
  const issue = getRequestedIssue(call);
  requireIssueWriter(call, issue);
  const { content } = await call.input(z.object({ content: z.enum(REACTION_CONTENTS) }));
  const by = call.actor().account;
  const known = issue.reactions.find((reaction) => reaction.content === content && reaction.by.login === by.login);
  if (known) return okReply(reactionShape(call.forge, known));
  const reaction = { id: takeNextId(call.forge), by, content, created: call.forge.now() };
  issue.reactions.push(reaction);
  return createdReply(reactionShape(call.forge, reaction));
};

export const issueRoutes: readonly ApiRoute[] = [
  ["GET", "/issues", { scope: ISSUE_SCOPES, level: "read" }, listIssues],
  ["POST", "/issues", { scope: "issues", level: "write" }, createIssue],
  [
    "GET",
    "/issues/:number",
    { scope: ISSUE_SCOPES, level: "read" },
    (call) => okReply(restIssueShape(call.forge, call.repository, getRequestedIssue(call))),
  ],
  ["PATCH", "/issues/:number", { scope: ISSUE_SCOPES, level: "write" }, updateIssue],
  ["POST", "/issues/:number/reactions", { scope: ISSUE_SCOPES, level: "write" }, reactToIssue],
];
