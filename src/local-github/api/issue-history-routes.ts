import { accountShape } from "./account-shape.ts";
import { type ApiJson, nodeId, repositoryUrl, formatTimestamp } from "./api-urls.ts";
import type { RouteHandler, ApiRoute } from "./api-call.ts";
import { restIssueShape } from "./issue-shapes.ts";
import { ensureAccount, type ForgeState } from "./forge-state.ts";
import { type IssueEvent } from "./forge-issue.ts";
import { type ForgeRepository } from "./forge-repository.ts";

const issueEventShape = (forge: ForgeState, repository: ForgeRepository, event: IssueEvent): ApiJson => {
  const issue = repository.issues.get(event.issue);
  return {
    id: event.id,
    node_id: nodeId("IssueEvent", event.id),
    url: `${repositoryUrl(forge, repository)}/issues/events/${event.id}`,
    actor: accountShape(forge, event.by),
    event: event.action,
    commit_id: null,
    commit_url: null,
    created_at: formatTimestamp(event.at),
    performed_via_github_app: null,
    ...(event.label !== null && { label: { name: event.label, color: "ededed" } }),
    ...(event.assignee !== null && {
      assignee: accountShape(forge, ensureAccount(forge, event.assignee)),
      assigner: accountShape(forge, event.by),
    }),
    ...(event.rename && { rename: event.rename }),
    issue: issue ? restIssueShape(forge, repository, issue) : null,
  };
};

/** Lists the events of all issues, newest first. */
const listIssueEvents: RouteHandler = (call) =>
  call.page(call.repository.history.toReversed().map((event) => issueEventShape(call.forge, call.repository, event)));

/** Routes of the recorded changes of issues and pull requests: labels, assignees, state and title. */
export const issueHistoryRoutes: readonly ApiRoute[] = [
  ["GET", "/issues/events", { scope: ["issues", "pull_requests"], level: "read" }, listIssueEvents],
];
