import { account } from "./account-shape.ts";
import { type Json, nodeId, repositoryUrl, time, timeOrNull } from "./addresses.ts";
import { association, commonShape, issueUrls } from "./issue-shapes.ts";
import { repositoryShape, toldRepository } from "./repository-shape.ts";
import type { Forge, Issue, Pull, Repository, Review } from "./state.ts";

/** An issue that is a pull request. */
export type PullIssue = Issue & { readonly pull: Pull };

type Side = { readonly ref: string; readonly sha: string };
type SideShape = (side: Side) => Json;

const sides =
  (forge: Forge, repository: Repository, repo: Json): SideShape =>
  ({ ref, sha }) => ({ label: `${repository.owner.login}:${ref}`, ref, sha, user: account(forge, repository.owner), repo });

const linksOf = (forge: Forge, repository: Repository, { number, pull }: PullIssue): Record<string, string> => {
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

const shapeWith = (forge: Forge, repository: Repository, of: { issue: PullIssue; repo: Json }): Json => {
  const { issue, repo } = of;
  const { pull } = issue;
  const { html } = issueUrls(forge, repository, issue);
  const links = linksOf(forge, repository, issue);
  const { self, ...others } = links;
  const side = sides(forge, repository, repo);
  return {
    ...commonShape(forge, repository, issue),
    node_id: nodeId("PullRequest", issue.id),
    url: self,
    ...Object.fromEntries(Object.entries(others).map(([name, url]) => [`${name}_url`, url])),
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    draft: pull.draft,
    head: side({ ref: pull.headRef, sha: pull.head }),
    base: side({ ref: pull.baseRef, sha: pull.baseSha }),
    merged_at: timeOrNull(pull.merged?.at ?? null),
    merge_commit_sha: pull.merged?.commit ?? null,
    requested_reviewers: [],
    requested_teams: [],
    auto_merge: null,
    _links: Object.fromEntries(Object.entries({ ...links, html }).map(([name, href]) => [name, { href }])),
  };
};

/** A pull request as lists have it. */
export const pullShape = (forge: Forge, repository: Repository, issue: PullIssue): Json =>
  shapeWith(forge, repository, { issue, repo: repositoryShape(forge, repository) });

/** What is only told of one pull request, not in lists. Whether it can be merged takes GitHub a while to know. */
const details = (forge: Forge, repository: Repository, { number, pull }: PullIssue): Json => ({
  merged: pull.merged !== null,
  merged_by: pull.merged && account(forge, pull.merged.by),
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

export const wholePull = (forge: Forge, repository: Repository, issue: PullIssue): Json => ({
  ...pullShape(forge, repository, issue),
  ...details(forge, repository, issue),
});

/** A pull request as the webhooks of its reviews tell of it. */
export const reviewedPull = (forge: Forge, repository: Repository, issue: PullIssue): Json =>
  shapeWith(forge, repository, { issue, repo: toldRepository(forge, repository) });

/** A pull request as its own webhooks tell of it. */
export const toldPull = (forge: Forge, repository: Repository, issue: PullIssue): Json => ({
  ...reviewedPull(forge, repository, issue),
  ...details(forge, repository, issue),
});

/** A review, submitted or pending: the latter has no time. */
type ShownReview = Omit<Review, "at"> & { readonly at: number | null };

export const reviewShape = (forge: Forge, repository: Repository, of: { issue: Issue; review: ShownReview }): Json => {
  const html = `${issueUrls(forge, repository, of.issue).html}#pullrequestreview-${of.review.id}`;
  const pull = `${repositoryUrl(forge, repository)}/pulls/${of.issue.number}`;
  return {
    id: of.review.id,
    node_id: nodeId("PullRequestReview", of.review.id),
    user: account(forge, of.review.by),
    author_association: association(repository, of.review.by),
    body: of.review.body,
    state: of.review.state,
    commit_id: of.review.commit,
    ...(of.review.at !== null && { submitted_at: time(of.review.at) }),
    html_url: html,
    pull_request_url: pull,
    _links: { html: { href: html }, pull_request: { href: pull } },
  };
};
