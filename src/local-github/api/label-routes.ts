import { z } from "zod";
import { type ApiCall, type RouteHandler, NO_CONTENT, okReply, type ApiRoute } from "./api-call.ts";
import { replaceLabels } from "./issue-events.ts";
import { labelShape } from "./issue-shapes.ts";
import { requirePush, requireTriage, requireIssueWriter, getRequestedIssue, labelSchema } from "./issue-routes.ts";
import { ApiRefusal, notFoundRefusal } from "./api-refusal.ts";
import type { Issue } from "./forge-issue.ts";

const addedLabelsSchema = z.union([z.array(labelSchema), z.object({ labels: z.array(labelSchema) }).transform(({ labels }) => labels)]);

/** Being the author of an issue is not enough to label it. */
const getLabelableIssue = (call: ApiCall): Issue => {
  const issue = getRequestedIssue(call);
  requireIssueWriter(call, issue);
  requireTriage(call);
  return issue;
};

const replaceIssueLabels = (call: ApiCall, issue: Issue, labels: readonly string[]) => {
  replaceLabels(call.forge, call.repository, { issue, actor: call.actor(), labels });
  return okReply(issue.labels.map((name) => labelShape(call.forge, call.repository, name)));
};

const addLabels: RouteHandler = async (call) => {
  const issue = getLabelableIssue(call);
  return replaceIssueLabels(call, issue, [...issue.labels, ...(await call.input(addedLabelsSchema))]);
};

const removeLabel: RouteHandler = (call) => {
  const issue = getLabelableIssue(call);
  const name = call.param("name");
  if (!issue.labels.includes(name)) throw new ApiRefusal(404, "Label does not exist");
  const remaining = issue.labels.filter((label) => label !== name);
  return replaceIssueLabels(call, issue, remaining);
};

/** A label exists here as long as an issue or pull request has it. */
const listLabelled = (call: ApiCall): Issue[] => {
  const issues = [...call.repository.issues.values()].filter(({ labels }) => labels.includes(call.param("name")));
  if (issues.length === 0) throw notFoundRefusal();
  return issues;
};

const getLabel: RouteHandler = (call) => {
  listLabelled(call);
  return okReply(labelShape(call.forge, call.repository, call.param("name")));
};

/** GitHub also takes the label off every issue, and records no event there. The role triage only puts labels on issues and takes them off. */
const deleteLabel: RouteHandler = (call) => {
  const issues = listLabelled(call);
  requirePush(call);
  for (const issue of issues) issue.labels = issue.labels.filter((label) => label !== call.param("name"));
  return NO_CONTENT;
};

const LABELS_WRITE = { scope: ["issues", "pull_requests"], level: "write" } as const;

export const labelRoutes: readonly ApiRoute[] = [
  ["POST", "/issues/:number/labels", LABELS_WRITE, addLabels],
  ["DELETE", "/issues/:number/labels/:name", LABELS_WRITE, removeLabel],
  ["GET", "/labels/:name", { scope: ["issues", "pull_requests"], level: "read" }, getLabel],
  ["DELETE", "/labels/:name", LABELS_WRITE, deleteLabel],
];
