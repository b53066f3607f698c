import { accountShape } from "./account-shape.ts";
import { type ApiJson, nodeId, repositoryUrl, formatTimestamp, formatOptionalTimestamp } from "./api-urls.ts";
import { authorAssociationOf, issueBaseShape, issueUrls } from "./issue-shapes.ts";
import { restRepositoryShape, repositoryEventShape } from "./repository-shape.ts";
import type { ForgeState } from "./forge-state.ts";
import type { Issue } from "./forge-issue.ts";
import type { PullRequest, SubmittedReview } from "./forge-pull.ts";
import type { ForgeRepository } from "./forge-repository.ts";

export type PullRequestIssue = Issue & { readonly pull: PullRequest };

type BranchEnd = { readonly ref: string; readonly sha: string };
type SideShape = (side: BranchEnd) => ApiJson;

const createSideShape =
  (forge: ForgeState, repository: ForgeRepository, repo: ApiJson): SideShape =>
  ({ ref, sha }) => ({ label: `${repository.owner.login}:${ref}`, ref, sha, user: accountShape(forge, repository.owner), repo });

const pullLinks = (forge: ForgeState, repository: ForgeRepository, { number, pull }: PullRequestIssue): Record<string, string> => {
  const api = repositoryUrl(forge, repository);
  return {
    self: `${api}/pulls/${number}`,
    issue: `${api}/issues/${number}`,
    comments: `${api}/issues/${number}/comments`,
    review_comments: `${api}/pulls/${number}/comments`,
    review_comment: `${api}/pulls/comments{/number}`,
    commits: `${api}/pulls/${number}/commits`,
    statuses: `${api}/statuses/${pull.head}`,
  };
};

const pullBaseShape = (
  forge: ForgeState,
  repository: ForgeRepository,
  { issue, repo }: { issue: PullRequestIssue; repo: ApiJson },
): ApiJson => {
  const { pull } = issue;
  const { html } = issueUrls(forge, repository, issue);
  const links = pullLinks(forge, repository, issue);
  const { self, ...others } = links;
  const side = createSideShape(forge, repository, repo);
  return {
    ...issueBaseShape(forge, repository, issue),
    node_id: nodeId("PullRequest", issue.id),
    url: self,
    ...Object.fromEntries(Object.entries(others).map(([name, url]) => [`${name}_url`, url])),
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    draft: pull.draft,
    head: side({ ref: pull.headRef, sha: pull.head }),
    base: side({ ref: pull.baseRef, sha: pull.baseSha }),
    merged_at: formatOptionalTimestamp(pull.merged?.at ?? null),
    merge_commit_sha: pull.merged?.commit ?? null,
    requested_reviewers: pull.requestedReviewers.map((each) => accountShape(forge, each)),
    requested_teams: [],
    auto_merge: null,
    _links: Object.fromEntries(Object.entries({ ...links, html }).map(([name, href]) => [name, { href }])),
  };
};

/** A pull request in a list. */
export const restPullShape = (forge: ForgeState, repository: ForgeRepository, issue: PullRequestIssue): ApiJson =>
  pullBaseShape(forge, repository, { issue, repo: restRepositoryShape(forge, repository) });

/**
 * The fields of a single pull request that lists leave out. Webhooks report the mergeability as unknown, because
 * GitHub computes it later.
 */
const pullDetails = (forge: ForgeState, repository: ForgeRepository, { number, pull }: PullRequestIssue): ApiJson => ({
  merged: pull.merged !== null,
  merged_by: pull.merged && accountShape(forge, pull.merged.by),
  mergeable: null,
  mergeable_state: "unknown",
  rebaseable: null,
  comments: [...repository.comments.values()].filter(({ issue }) => issue === number).length,
  review_comments: pull.threads.flatMap(({ comments }) => comments).length,
  maintainer_can_modify: false,
  commits: pull.size.commits,
  additions: pull.size.additions,
  deletions: pull.size.deletions,
  changed_files: pull.size.files,
});

export const fullPullShape = (forge: ForgeState, repository: ForgeRepository, issue: PullRequestIssue): ApiJson => ({
  ...restPullShape(forge, repository, issue),
  ...pullDetails(forge, repository, issue),
});

/** A pull request in the webhooks of its reviews. */
export const reviewEventPullShape = (forge: ForgeState, repository: ForgeRepository, issue: PullRequestIssue): ApiJson =>
  pullBaseShape(forge, repository, { issue, repo: repositoryEventShape(forge, repository) });

/** A pull request in its own webhooks. */
export const pullEventShape = (forge: ForgeState, repository: ForgeRepository, issue: PullRequestIssue): ApiJson => ({
  ...reviewEventPullShape(forge, repository, issue),
  ...pullDetails(forge, repository, issue),
});

/** A submitted or pending review; a pending review has no time. */
type ShownReview = Omit<SubmittedReview, "at"> & { readonly at: number | null };

export const restReviewShape = (
  forge: ForgeState,
  repository: ForgeRepository,
  { issue, review }: { issue: Issue; review: ShownReview },
): ApiJson => {
  const html = `${issueUrls(forge, repository, issue).html}#pullrequestreview-${review.id}`;
  const pull = `${repositoryUrl(forge, repository)}/pulls/${issue.number}`;
  return {
    id: review.id,
    node_id: nodeId("PullRequestReview", review.id),
    user: accountShape(forge, review.by),
    author_association: authorAssociationOf(repository, review.by),
    body: review.body,
    state: review.state,
    commit_id: review.commit,
    ...(review.at !== null && { submitted_at: formatTimestamp(review.at) }),
    html_url: html,
    pull_request_url: pull,
    _links: { html: { href: html }, pull_request: { href: pull } },
  };
};
