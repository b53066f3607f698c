import { z } from "zod";
import { type ApiCall, createdReply, type RouteHandler, okReply, type ApiRoute } from "./api-call.ts";
import { replaceAssignees } from "./issue-events.ts";
import { restIssueShape } from "./issue-shapes.ts";
import { requireTriage, requireIssueWriter, getRequestedIssue } from "./issue-routes.ts";
import type { Issue } from "./forge-issue.ts";

const assigneesSchema = z.object({ assignees: z.array(z.string()) });

const getAssignableIssue = (call: ApiCall): Issue => {
  const issue = getRequestedIssue(call);
  requireIssueWriter(call, issue);
  requireTriage(call);
  return issue;
};

const addAssignees: RouteHandler = async (call) => {
  const issue = getAssignableIssue(call);
  const { assignees } = await call.input(assigneesSchema);
  replaceAssignees(call.forge, call.repository, { issue, actor: call.actor(), logins: [...issue.assignees, ...assignees] });
  return createdReply(restIssueShape(call.forge, call.repository, issue));
};

const removeAssignees: RouteHandler = async (call) => {
  const issue = getAssignableIssue(call);
  const { assignees } = await call.input(assigneesSchema);
  const remaining = issue.assignees.filter((login) => !assignees.includes(login));
  replaceAssignees(call.forge, call.repository, { issue, actor: call.actor(), logins: remaining });
  return okReply(restIssueShape(call.forge, call.repository, issue));
};

const ASSIGNEES_WRITE = { scope: ["issues", "pull_requests"], level: "write" } as const;

export const assigneeRoutes: readonly ApiRoute[] = [
  ["POST", "/issues/:number/assignees", ASSIGNEES_WRITE, addAssignees],
  ["DELETE", "/issues/:number/assignees", ASSIGNEES_WRITE, removeAssignees],
];
