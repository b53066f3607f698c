import { account } from "./account-shape.ts";
import { type Json, nodeId, repositoryUrl, time } from "./addresses.ts";
import type { Handler, Route } from "./exchange.ts";
import { issueShape } from "./issue-shapes.ts";
import { accountOf, type Forge, type IssueEvent, type Repository } from "./state.ts";

const eventShape = (forge: Forge, repository: Repository, event: IssueEvent): Json => {
  const issue = repository.issues.get(event.issue);
  return {
    id: event.id,
    node_id: nodeId("IssueEvent", event.id),
    url: `${repositoryUrl(forge, repository)}/issues/events/${event.id}`,
    actor: account(forge, event.by),
    event: event.action,
    commit_id: null,
    commit_url: null,
    created_at: time(event.at),
    performed_via_github_app: null,
    ...(event.label !== null && { label: { name: event.label, color: "ededed" } }),
    ...(event.assignee !== null && { assignee: account(forge, accountOf(forge, event.assignee)), assigner: account(forge, event.by) }),
    ...(event.rename && { rename: event.rename }),
    issue: issue ? issueShape(forge, repository, issue) : null,
  };
};

/** The newest first, whatever the issue. */
const list: Handler = (call) =>
  call.page(call.repository.history.toReversed().map((event) => eventShape(call.forge, call.repository, event)));

/** What happened to issues and pull requests: labels, assignments, being closed. */
export const issueHistoryRoutes: readonly Route[] = [
  ["GET", "/issues/events", { scope: ["issues", "pull_requests"], level: "read" }, list],
];
