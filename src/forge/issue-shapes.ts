import { roleOf } from "./access.ts";
import { account } from "./account-shape.ts";
import { type Json, nodeId, numberOf, pageUrl, repositoryUrl, time, timeOrNull } from "./addresses.ts";
import { type Account, accountOf, type Comment, type Forge, type Issue, type Reaction, type Repository } from "./state.ts";

export const labelShape = (forge: Forge, repository: Repository, name: string): Json => ({
  id: numberOf(name),
  node_id: nodeId("Label", numberOf(name)),
  name,
  color: "ededed",
  default: false,
  description: "",
  url: `${repositoryUrl(forge, repository)}/labels/${encodeURIComponent(name)}`,
});

export const association = (repository: Repository, { login }: Account): string => {
  if (login.toLowerCase() === repository.owner.login.toLowerCase()) return "OWNER";
  const role = roleOf(repository, login);
  return role === null || (role === "read" && !repository.roles.has(login.toLowerCase())) ? "NONE" : "COLLABORATOR";
};

/** What a person may react with. */
export const REACTIONS = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"] as const;

export const rollup = (url: string, reactions: readonly Reaction[]): Json => ({
  url: `${url}/reactions`,
  total_count: reactions.length,
  ...Object.fromEntries(REACTIONS.map((content) => [content, reactions.filter((one) => one.content === content).length])),
});

/** Where an issue is, in the API and for a browser. */
export const issueUrls = (forge: Forge, repository: Repository, { number, pull }: Issue): { url: string; html: string } => ({
  url: `${repositoryUrl(forge, repository)}/issues/${number}`,
  html: `${pageUrl(forge, repository)}/${pull ? "pull" : "issues"}/${number}`,
});

/** What an issue and a pull request have in common. */
export const commonShape = (forge: Forge, repository: Repository, issue: Issue): Json => {
  const { url, html } = issueUrls(forge, repository, issue);
  const assignees = issue.assignees.map((login) => account(forge, accountOf(forge, login)));
  return {
    id: issue.id,
    node_id: nodeId("Issue", issue.id),
    number: issue.number,
    title: issue.title,
    body: issue.body === "" ? null : issue.body,
    state: issue.state,
    user: account(forge, issue.by),
    author_association: association(repository, issue.by),
    labels: issue.labels.map((name) => labelShape(forge, repository, name)),
    assignee: assignees[0] ?? null,
    assignees,
    milestone: null,
    locked: false,
    active_lock_reason: null,
    created_at: time(issue.created),
    updated_at: time(issue.updated),
    closed_at: timeOrNull(issue.closed),
    url,
    comments_url: `${url}/comments`,
    html_url: html,
  };
};

export const issueShape = (forge: Forge, repository: Repository, issue: Issue): Json => {
  const { url, html } = issueUrls(forge, repository, issue);
  return {
    ...commonShape(forge, repository, issue),
    state_reason: issue.reason,
    comments: [...repository.comments.values()].filter((comment) => comment.issue === issue.number).length,
    labels_url: `${url}/labels{/name}`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    repository_url: repositoryUrl(forge, repository),
    performed_via_github_app: null,
    reactions: rollup(url, issue.reactions),
    ...(issue.pull && {
      draft: issue.pull.draft,
      pull_request: {
        url: `${repositoryUrl(forge, repository)}/pulls/${issue.number}`,
        html_url: html,
        diff_url: `${html}.diff`,
        patch_url: `${html}.patch`,
        merged_at: timeOrNull(issue.pull.merged?.at ?? null),
      },
    }),
  };
};

export const commentShape = (forge: Forge, repository: Repository, comment: Comment): Json => {
  const url = `${repositoryUrl(forge, repository)}/issues/comments/${comment.id}`;
  const kind = repository.issues.get(comment.issue)?.pull ? "pull" : "issues";
  return {
    id: comment.id,
    node_id: nodeId("IssueComment", comment.id),
    url,
    html_url: `${pageUrl(forge, repository)}/${kind}/${comment.issue}#issuecomment-${comment.id}`,
    issue_url: `${repositoryUrl(forge, repository)}/issues/${comment.issue}`,
    user: account(forge, comment.by),
    author_association: association(repository, comment.by),
    body: comment.body,
    created_at: time(comment.created),
    updated_at: time(comment.updated),
    performed_via_github_app: null,
    reactions: rollup(url, comment.reactions),
  };
};

export const reactionShape = (forge: Forge, reaction: Reaction): Json => ({
  id: reaction.id,
  node_id: nodeId("Reaction", reaction.id),
  user: account(forge, reaction.by),
  content: reaction.content,
  created_at: time(reaction.created),
});
