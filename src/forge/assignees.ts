import { z } from "zod";
import { type Call, created, type Handler, ok, type Route } from "./exchange.ts";
import { assign } from "./issue-events.ts";
import { issueShape } from "./issue-shapes.ts";
import { demandTriage, demandWriter, issueOf } from "./issues.ts";
import type { Issue } from "./state.ts";

const logins = z.object({ assignees: z.array(z.string()) });

const assignable = (call: Call): Issue => {
  const issue = issueOf(call);
  demandWriter(call, issue);
  demandTriage(call);
  return issue;
};

const add: Handler = async (call) => {
  const issue = assignable(call);
  const { assignees } = await call.input(logins);
  assign(call.forge, call.repository, { issue, actor: call.actor(), logins: [...issue.assignees, ...assignees] });
  return created(issueShape(call.forge, call.repository, issue));
};

const remove: Handler = async (call) => {
  const issue = assignable(call);
  const { assignees } = await call.input(logins);
  const left = issue.assignees.filter((login) => !assignees.includes(login));
  assign(call.forge, call.repository, { issue, actor: call.actor(), logins: left });
  return ok(issueShape(call.forge, call.repository, issue));
};

const WRITE = { scope: ["issues", "pull_requests"], level: "write" } as const;

/** Routes of the people whom an issue is assigned to. */
export const assigneeRoutes: readonly Route[] = [
  ["POST", "/issues/:number/assignees", WRITE, add],
  ["DELETE", "/issues/:number/assignees", WRITE, remove],
];
