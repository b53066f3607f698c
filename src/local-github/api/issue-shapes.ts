import { findRole } from "./repository-access.ts";
import { accountShape } from "./account-shape.ts";
import { type ApiJson, nodeId, hashToNumber, pageUrl, repositoryUrl, formatTimestamp, formatOptionalTimestamp } from "./api-urls.ts";
import { type ForgeAccount } from "./forge-actor.ts";
import { ensureAccount, type ForgeState } from "./forge-state.ts";
import { type IssueComment, type Issue } from "./forge-issue.ts";
import { type EmojiReaction } from "./emoji-reaction.ts";
import { type ForgeRepository } from "./forge-repository.ts";

export const labelShape = (forge: ForgeState, repository: ForgeRepository, name: string): ApiJson => ({
  id: hashToNumber(name),
  node_id: nodeId("Label", hashToNumber(name)),
  name,
  color: "ededed",
  default: false,
  description: "",
  url: `${repositoryUrl(forge, repository)}/labels/${encodeURIComponent(name)}`,
});

export const authorAssociationOf = (repository: ForgeRepository, { login }: ForgeAccount): string => {
  if (login.toLowerCase() === repository.owner.login.toLowerCase()) return "OWNER";
  const role = findRole(repository, login);
  return role === null || (role === "read" && !repository.roles.has(login.toLowerCase())) ? "NONE" : "COLLABORATOR";
};

/** The reactions that GitHub supports. */
export const REACTION_CONTENTS = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"] as const;

export const reactionRollup = (url: string, reactions: readonly EmojiReaction[]): ApiJson => ({
  url: `${url}/reactions`,
  total_count: reactions.length,
  ...Object.fromEntries(REACTION_CONTENTS.map((content) => [content, reactions.filter((reaction) => reaction.content === content).length])),
});

/** The API URL and browser URL of an issue. */
export const issueUrls = (forge: ForgeState, repository: ForgeRepository, { number, pull }: Issue): { url: string; html: string } => ({
  url: `${repositoryUrl(forge, repository)}/issues/${number}`,
  html: `${pageUrl(forge, repository)}/${pull ? "pull" : "issues"}/${number}`,
});

/** The fields that an issue and a pull request share. */
export const issueBaseShape = (forge: ForgeState, repository: ForgeRepository, issue: Issue): ApiJson => {
  const { url, html } = issueUrls(forge, repository, issue);
  const assignees = issue.assignees.map((login) => accountShape(forge, ensureAccount(forge, login)));
  return {
    id: issue.id,
    node_id: nodeId("Issue", issue.id),
    number: issue.number,
    title: issue.title,
    body: issue.body === "" ? null : issue.body,
    state: issue.state,
    user: accountShape(forge, issue.by),
    author_association: authorAssociationOf(repository, issue.by),
    labels: issue.labels.map((name) => labelShape(forge, repository, name)),
    assignee: assignees[0] ?? null,
    assignees,
    milestone: null,
    locked: false,
    active_lock_reason: null,
    created_at: formatTimestamp(issue.created),
    updated_at: formatTimestamp(issue.updated),
    closed_at: formatOptionalTimestamp(issue.closed),
    url,
    comments_url: `${url}/comments`,
    html_url: html,
  };
};

export const restIssueShape = (forge: ForgeState, repository: ForgeRepository, issue: Issue): ApiJson => {
  const { url, html } = issueUrls(forge, repository, issue);
  return {
    ...issueBaseShape(forge, repository, issue),
    state_reason: issue.stateReason,
    comments: [...repository.comments.values()].filter((comment) => comment.issue === issue.number).length,
    labels_url: `${url}/labels{/name}`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    repository_url: repositoryUrl(forge, repository),
    performed_via_github_app: null,
    reactions: reactionRollup(url, issue.reactions),
    ...(issue.pull && {
      draft: issue.pull.draft,
      pull_request: {
        url: `${repositoryUrl(forge, repository)}/pulls/${issue.number}`,
        html_url: html,
        diff_url: `${html}.diff`,
        patch_url: `${html}.patch`,
        merged_at: formatOptionalTimestamp(issue.pull.merged?.at ?? null),
      },
    }),
  };
};

export const issueCommentShape = (forge: ForgeState, repository: ForgeRepository, comment: IssueComment): ApiJson => {
  const url = `${repositoryUrl(forge, repository)}/issues/comments/${comment.id}`;
  const kind = repository.issues.get(comment.issue)?.pull ? "pull" : "issues";
  return {
    id: comment.id,
    node_id: nodeId("IssueComment", comment.id),
    url,
    html_url: `${pageUrl(forge, repository)}/${kind}/${comment.issue}#issuecomment-${comment.id}`,
    issue_url: `${repositoryUrl(forge, repository)}/issues/${comment.issue}`,
    user: accountShape(forge, comment.by),
    author_association: authorAssociationOf(repository, comment.by),
    body: comment.body,
    created_at: formatTimestamp(comment.created),
    updated_at: formatTimestamp(comment.updated),
    performed_via_github_app: null,
    reactions: reactionRollup(url, comment.reactions),
  };
};

export const reactionShape = (forge: ForgeState, reaction: EmojiReaction): ApiJson => ({
  id: reaction.id,
  node_id: nodeId("Reaction", reaction.id),
  user: accountShape(forge, reaction.by),
  content: reaction.content,
  created_at: formatTimestamp(reaction.created),
});
