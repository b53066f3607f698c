import { roleOf } from "./access.ts";
import type { Account, CheckRun, Comment, Forge, Issue, Pull, Reaction, Repository, Review, Status } from "./state.ts";
import { fullName } from "./state.ts";

/** GitHub's JSON, the fields that clients read. Times have whole seconds. */

export type Json = Record<string, unknown>;
/** An issue that is a pull request. */
export type PullIssue = Issue & { readonly pull: Pull };

export const time = (at: number): string => new Date(Math.floor(at / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
const timeOrNull = (at: number | null): string | null => (at === null ? null : time(at));

export const apiUrl = (forge: Forge): string => `${forge.url}/api/v3`;
export const repositoryUrl = (forge: Forge, repository: Repository): string => `${apiUrl(forge)}/repos/${fullName(repository)}`;
const pageUrl = (forge: Forge, repository: Repository): string => `${forge.url}/${fullName(repository)}`;
const nodeId = (kind: string, id: number): string => Buffer.from(`${kind}:${id}`).toString("base64");

export const account = (forge: Forge, { id, login, type }: Account): Json => ({
  login,
  id,
  node_id: nodeId("User", id),
  avatar_url: `${forge.url}/avatars/${id}`,
  url: `${apiUrl(forge)}/users/${encodeURIComponent(login)}`,
  html_url: `${forge.url}/${login}`,
  type,
  site_admin: false,
});

export const repositoryShape = (forge: Forge, repository: Repository): Json => ({
  id: repository.id,
  node_id: nodeId("Repository", repository.id),
  name: repository.name,
  full_name: fullName(repository),
  owner: account(forge, repository.owner),
  private: repository.private,
  visibility: repository.private ? "private" : "public",
  html_url: pageUrl(forge, repository),
  url: repositoryUrl(forge, repository),
  clone_url: `${pageUrl(forge, repository)}.git`,
  description: null,
  fork: false,
  archived: false,
  disabled: false,
  has_issues: true,
  default_branch: repository.defaultBranch,
  allow_merge_commit: true,
  allow_squash_merge: true,
  allow_rebase_merge: false,
});

export const labelShape = (forge: Forge, repository: Repository, name: string): Json => ({
  id: repository.id,
  name,
  color: "ededed",
  default: false,
  description: null,
  url: `${repositoryUrl(forge, repository)}/labels/${encodeURIComponent(name)}`,
});

const association = (repository: Repository, { login }: Account): string => {
  if (login.toLowerCase() === repository.owner.login.toLowerCase()) return "OWNER";
  const role = roleOf(repository, login);
  return role === null || (role === "read" && !repository.roles.has(login.toLowerCase())) ? "NONE" : "COLLABORATOR";
};

export const issueShape = (forge: Forge, repository: Repository, issue: Issue): Json => {
  const url = `${repositoryUrl(forge, repository)}/issues/${issue.number}`;
  const html = `${pageUrl(forge, repository)}/${issue.pull ? "pull" : "issues"}/${issue.number}`;
  return {
    id: issue.id,
    node_id: nodeId("Issue", issue.id),
    number: issue.number,
    title: issue.title,
    body: issue.body,
    state: issue.state,
    state_reason: issue.reason,
    user: account(forge, issue.by),
    author_association: association(repository, issue.by),
    labels: issue.labels.map((name) => labelShape(forge, repository, name)),
    assignee: null,
    assignees: issue.assignees.map((login) => ({ login })),
    milestone: null,
    locked: false,
    comments: [...repository.comments.values()].filter((comment) => comment.issue === issue.number).length,
    created_at: time(issue.created),
    updated_at: time(issue.updated),
    closed_at: timeOrNull(issue.closed),
    url,
    comments_url: `${url}/comments`,
    repository_url: repositoryUrl(forge, repository),
    html_url: html,
    ...(issue.pull && {
      pull_request: {
        url: `${repositoryUrl(forge, repository)}/pulls/${issue.number}`,
        html_url: html,
        merged_at: timeOrNull(issue.pull.merged?.at ?? null),
      },
    }),
  };
};

export const commentShape = (forge: Forge, repository: Repository, comment: Comment): Json => ({
  id: comment.id,
  node_id: nodeId("IssueComment", comment.id),
  url: `${repositoryUrl(forge, repository)}/issues/comments/${comment.id}`,
  html_url: `${pageUrl(forge, repository)}/issues/${comment.issue}#issuecomment-${comment.id}`,
  issue_url: `${repositoryUrl(forge, repository)}/issues/${comment.issue}`,
  user: account(forge, comment.by),
  author_association: association(repository, comment.by),
  body: comment.body,
  created_at: time(comment.created),
  updated_at: time(comment.updated),
  performed_via_github_app: null,
  reactions: { total_count: comment.reactions.length },
});

export const reactionShape = (forge: Forge, reaction: Reaction): Json => ({
  id: reaction.id,
  node_id: nodeId("Reaction", reaction.id),
  user: account(forge, reaction.by),
  content: reaction.content,
  created_at: time(reaction.created),
});

const side = (forge: Forge, repository: Repository, { ref, sha }: { ref: string; sha: string }): Json => ({
  label: `${repository.owner.login}:${ref}`,
  ref,
  sha,
  user: account(forge, repository.owner),
  repo: repositoryShape(forge, repository),
});

export const pullShape = (forge: Forge, repository: Repository, issue: PullIssue): Json => {
  const { pull } = issue;
  return {
    ...Object.fromEntries(Object.entries(issueShape(forge, repository, issue)).filter(([key]) => key !== "pull_request")),
    url: `${repositoryUrl(forge, repository)}/pulls/${issue.number}`,
    issue_url: `${repositoryUrl(forge, repository)}/issues/${issue.number}`,
    draft: pull.draft,
    head: side(forge, repository, { ref: pull.headRef, sha: pull.head }),
    base: side(forge, repository, { ref: pull.baseRef, sha: pull.baseSha }),
    merged: pull.merged !== null,
    merged_at: timeOrNull(pull.merged?.at ?? null),
    merged_by: pull.merged && account(forge, pull.merged.by),
    merge_commit_sha: pull.merged?.commit ?? null,
    requested_reviewers: [],
    auto_merge: null,
  };
};

export const reviewShape = (forge: Forge, repository: Repository, of: { issue: Issue; review: Review }): Json => ({
  id: of.review.id,
  node_id: nodeId("PullRequestReview", of.review.id),
  user: account(forge, of.review.by),
  author_association: association(repository, of.review.by),
  body: of.review.body,
  state: of.review.state,
  commit_id: of.review.commit,
  submitted_at: time(of.review.at),
  html_url: `${pageUrl(forge, repository)}/pull/${of.issue.number}#pullrequestreview-${of.review.id}`,
  pull_request_url: `${repositoryUrl(forge, repository)}/pulls/${of.issue.number}`,
});

export const statusShape = (forge: Forge, status: Status): Json => ({
  id: status.id,
  node_id: nodeId("StatusContext", status.id),
  state: status.state,
  context: status.context,
  description: status.description,
  target_url: status.url,
  creator: account(forge, status.by),
  created_at: time(status.at),
  updated_at: time(status.at),
});

export const checkShape = (forge: Forge, repository: Repository, check: CheckRun): Json => ({
  id: check.id,
  node_id: nodeId("CheckRun", check.id),
  name: check.name,
  head_sha: check.sha,
  status: check.status,
  conclusion: check.conclusion,
  started_at: time(check.started),
  completed_at: timeOrNull(check.completed),
  output: check.output,
  url: `${repositoryUrl(forge, repository)}/check-runs/${check.id}`,
  html_url: `${pageUrl(forge, repository)}/runs/${check.id}`,
  details_url: `${pageUrl(forge, repository)}/runs/${check.id}`,
  app: { slug: check.by.login.replace("[bot]", ""), owner: account(forge, check.by) },
  pull_requests: [],
});
