import { z } from "zod";
import { demand, mayPush, mayTriage } from "./access.ts";
import { type Call, created, type Handler, ok, type Route } from "./exchange.ts";
import { assign, keep, relabel, tellIssue } from "./issue-events.ts";
import { invalid, notFound, Refusal } from "./refusal.ts";
import type { Json } from "./addresses.ts";
import { issueShape, REACTIONS, reactionShape } from "./issue-shapes.ts";
import { type Issue, nextId } from "./state.ts";

/** A label by its name, or as GitHub shows it. */
export const label = z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]);
const newIssue = z.object({
  title: z.union([z.string(), z.number().transform(String)]),
  body: z.string().nullish(),
  labels: z.array(label).default([]),
  assignees: z.array(z.string()).default([]),
});
const changedIssue = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "duplicate", "reopened"]).nullish(),
  labels: z.array(label).optional(),
  assignees: z.array(z.string()).optional(),
});
export const number = (text: string): number => (/^\d+$/.test(text) ? Number(text) : -1);

export const issueOf = (call: Call): Issue => {
  const issue = call.repository.issues.get(number(call.param("number")));
  if (!issue) throw notFound();
  return issue;
};

/** Refuses who may write pull requests only where it is an issue. */
export const demandWriter = (call: Call, issue: Issue): void => {
  if (!issue.pull && call.actor().kind !== "user") demand(call.actor(), call.repository, { scope: "issues", level: "write" });
};

/** A new issue with the next number; a pull request where `pull` is given. */
export const addIssue = (
  call: Call,
  given: { title: string; body: string; labels: readonly string[]; assignees: readonly string[]; pull: Issue["pull"] },
): Issue => {
  const { forge, repository } = call;
  if (given.title.trim() === "") throw invalid(given.pull ? "PullRequest" : "Issue", "title can't be blank");
  repository.numbers += 1;
  const now = forge.now();
  const issue: Issue = {
    id: nextId(forge),
    number: repository.numbers,
    by: call.actor().account,
    title: given.title,
    body: given.body,
    state: "open",
    reason: null,
    labels: [...given.labels],
    assignees: [...given.assignees],
    created: now,
    updated: now,
    closed: null,
    reactions: [],
    edits: [],
    pull: given.pull,
  };
  repository.issues.set(issue.number, issue);
  return issue;
};

const create: Handler = async (call) => {
  const { forge, repository } = call;
  const actor = call.actor();
  const { labels, assignees, ...input } = await call.input(newIssue);
  const issue = addIssue(call, { ...input, body: input.body ?? "", labels: [], assignees: [], pull: null });
  tellIssue(forge, repository, { issue, actor, action: "opened" });
  relabel(forge, repository, { issue, actor, labels });
  assign(forge, repository, { issue, actor, logins: assignees });
  return created(issueShape(forge, repository, issue));
};

const KEYS: Readonly<Record<string, (issue: Issue) => number>> = {
  created: (issue) => issue.created,
  updated: (issue) => issue.updated,
  comments: () => 0,
};

/** Issues that a listing asks for: state, labels, since, and the order. */
export const listed = (call: Call, from: readonly Issue[]): Issue[] => {
  const state = call.query("state") ?? "open";
  const labels = (call.query("labels") ?? "").split(",").filter((name) => name !== "");
  const since = Date.parse(call.query("since") ?? "");
  const key = KEYS[call.query("sort") ?? "created"] ?? ((issue: Issue) => issue.created);
  const sign = call.query("direction") === "asc" ? 1 : -1;
  return from
    .filter((issue) => state === "all" || issue.state === state)
    .filter((issue) => labels.every((name) => issue.labels.includes(name)))
    .filter((issue) => Number.isNaN(since) || Math.floor(issue.updated / 1_000) * 1_000 >= since)
    .sort((a, b) => sign * (key(a) - key(b) || a.number - b.number));
};

const list: Handler = (call) =>
  call.page(listed(call, [...call.repository.issues.values()]).map((issue) => issueShape(call.forge, call.repository, issue)));

/** Opens or closes, and tells whether it changed. */
export const setState = (issue: Issue, to: { state: Issue["state"]; reason: string | null; now: number }): boolean => {
  if (issue.state === to.state) return false;
  issue.state = to.state;
  issue.reason = to.state === "closed" ? (to.reason ?? "completed") : "reopened";
  issue.closed = to.state === "closed" ? to.now : null;
  issue.updated = to.now;
  return true;
};

/** Who did not write it needs more than to be able to read it. */
export const demandEditor = (call: Call, author: string): void => {
  const actor = call.actor();
  if (actor.kind === "user" && actor.account.login !== author && !mayPush(call.repository, actor.account.login)) {
    throw new Refusal(403, "Must have admin rights to Repository.");
  }
};

/** Refuses who may neither write nor triage. */
export const demandTriage = (call: Call): void => {
  const actor = call.actor();
  if (actor.kind === "user" && !mayTriage(call.repository, actor.account.login))
    throw new Refusal(403, "Must have admin rights to Repository.");
};

type Texts = { readonly title?: string | undefined; readonly body?: string | null | undefined };

/** Changes the texts of an issue, keeps what was there before, and tells it. */
export const rewriteText = (call: Call, issue: Issue, input: Texts): Json => {
  const { forge, repository } = call;
  const changes: Json = {};
  const at = forge.now();
  const title = input.title ?? issue.title;
  const body = input.body === undefined ? issue.body : (input.body ?? "");
  if (title !== issue.title) {
    changes["title"] = { from: issue.title };
    keep(forge, repository, { issue, actor: call.actor(), action: "renamed", rename: { from: issue.title, to: title } });
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

const patch: Handler = async (call) => {
  const { forge, repository } = call;
  const issue = issueOf(call);
  demandWriter(call, issue);
  demandEditor(call, issue.by.login);
  const input = await call.input(changedIssue);
  const actor = call.actor();
  const now = forge.now();
  const changes = rewriteText(call, issue, input);
  if (Object.keys(changes).length > 0) tellIssue(forge, repository, { issue, actor, action: "edited", more: { changes } });
  if (input.assignees) assign(forge, repository, { issue, actor, logins: input.assignees });
  if (input.labels) relabel(forge, repository, { issue, actor, labels: input.labels });
  if (input.state && setState(issue, { state: input.state, reason: input.state_reason ?? null, now }))
    tellIssue(forge, repository, { issue, actor, action: input.state === "closed" ? "closed" : "reopened" });
  return ok(issueShape(forge, repository, issue));
};

const EITHER = ["issues", "pull_requests"];

const react: Handler = async (call) => {
  const issue = issueOf(call);
  demandWriter(call, issue);
  const { content } = await call.input(z.object({ content: z.enum(REACTIONS) }));
  const by = call.actor().account;
  const known = issue.reactions.find((reaction) => reaction.content === content && reaction.by.login === by.login);
  if (known) return ok(reactionShape(call.forge, known));
  const reaction = { id: nextId(call.forge), by, content, created: call.forge.now() };
  issue.reactions.push(reaction);
  return created(reactionShape(call.forge, reaction));
};

/** Routes of issues. */
export const issueRoutes: readonly Route[] = [
  ["GET", "/issues", { scope: EITHER, level: "read" }, list],
  ["POST", "/issues", { scope: "issues", level: "write" }, create],
  ["GET", "/issues/:number", { scope: EITHER, level: "read" }, (call) => ok(issueShape(call.forge, call.repository, issueOf(call)))],
  ["PATCH", "/issues/:number", { scope: EITHER, level: "write" }, patch],
  ["POST", "/issues/:number/reactions", { scope: EITHER, level: "write" }, react],
];
