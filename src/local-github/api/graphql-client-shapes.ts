import { nodeId, formatTimestamp, formatOptionalTimestamp } from "./api-urls.ts";
import type { CheckRun } from "./forge-run.ts";
import { ensureAccount } from "./forge-state.ts";
import type { Issue, IssueComment } from "./forge-issue.ts";
import type { SubmittedReview } from "./forge-pull.ts";
import type { EmojiReaction } from "./emoji-reaction.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import { graphqlActorShape, type RepositoryRequest } from "./graphql-request.ts";
import { connectionShape, type ConnectionSlice } from "./graphql-threads.ts";
import { authorAssociationOf, issueUrls, labelShape, REACTION_CONTENTS } from "./issue-shapes.ts";
import { listRequiredChecks } from "./move-refusal.ts";
import { isPullRequest } from "./pull-events.ts";
import type { PullRequestIssue } from "./pull-shapes.ts";
import { findRole } from "./repository-access.ts";

const ENUM_OF_REACTION: Readonly<Partial<Record<(typeof REACTION_CONTENTS)[number], string>>> = { "+1": "THUMBS_UP", "-1": "THUMBS_DOWN" };

const reactionGroupsShape = (reactions: readonly EmojiReaction[]): object[] =>
  REACTION_CONTENTS.map((content) => ({
    content: ENUM_OF_REACTION[content] ?? content.toUpperCase(),
    users: { totalCount: reactions.filter((each) => each.content === content).length },
  }));

const EMPTY_CONNECTION = { totalCount: 0, nodes: [] };

/** Fields of issues and pull requests for clients. */
export const clientIssueShape = ({ forge, repository }: RepositoryRequest, issue: Issue): object => ({
  url: issueUrls(forge, repository, issue).html,
  state: issue.state.toUpperCase(),
  stateReason: issue.stateReason?.toUpperCase() ?? null,
  createdAt: formatTimestamp(issue.created),
  updatedAt: formatTimestamp(issue.updated),
  author: graphqlActorShape(issue.by),
  assignees: (slice: ConnectionSlice) =>
    connectionShape(issue.assignees, slice, (login) => ({ ...graphqlActorShape(ensureAccount(forge, login)), name: null })),
  labels: (slice: ConnectionSlice) =>
    connectionShape(issue.labels, slice, (name) => {
      const { node_id: id, color, description } = labelShape(forge, repository, name);
      return { id, name, color, description };
    }),
  milestone: null,
  projectCards: EMPTY_CONNECTION,
  reactionGroups: reactionGroupsShape(issue.reactions),
});

/** A comment for clients. */
export const clientCommentShape = ({ forge, repository, actor }: RepositoryRequest, comment: IssueComment): object => {
  const issue = repository.issues.get(comment.issue);
  return {
    id: nodeId("IssueComment", comment.id),
    databaseId: comment.id,
    body: comment.body,
    author: graphqlActorShape(comment.by),
    authorAssociation: authorAssociationOf(repository, comment.by),
    createdAt: formatTimestamp(comment.created),
    lastEditedAt: formatOptionalTimestamp(comment.edited ?? null),
    includesCreatedEdit: comment.edited !== undefined,
    isMinimized: false,
    minimizedReason: null,
    reactionGroups: reactionGroupsShape(comment.reactions),
    url: `${issue ? issueUrls(forge, repository, issue).html : ""}#issuecomment-${comment.id}`,
    viewerDidAuthor: comment.by.login === actor.account.login,
  };
};

/** The comments of an issue or pull request, oldest first. Unlike REST's times, `lastEditedAt` shows each edit. */
export const commentConnection = (request: RepositoryRequest, { number }: Issue) => ({
  comments: (slice: ConnectionSlice) =>
    connectionShape(
      [...request.repository.comments.values()].filter(({ issue }) => issue === number),
      slice,
      (comment) => clientCommentShape(request, comment),
    ),
});

/** A review for clients. */
export const clientReviewShape = (repository: ForgeRepository, review: SubmittedReview): object => ({
  id: nodeId("PullRequestReview", review.id),
  databaseId: review.id,
  body: review.body,
  author: graphqlActorShape(review.by),
  authorAssociation: authorAssociationOf(repository, review.by),
  state: review.state,
  commit: { id: nodeId("Commit", review.commit), oid: review.commit },
  submittedAt: formatTimestamp(review.at),
  lastEditedAt: formatOptionalTimestamp(review.edited ?? null),
  reactionGroups: [],
});

const checkShape = (check: Omit<CheckRun, "sha" | "output" | "by">, workflow: string | null): object => ({
  __typename: "CheckRun",
  id: nodeId("CheckRun", check.id),
  name: check.name,
  checkSuite: {
    id: nodeId("CheckSuite", check.id),
    workflowRun:
      workflow === null ? null : { id: nodeId("WorkflowRun", workflow), workflow: { id: nodeId("Workflow", workflow), name: workflow } },
  },
  status: check.status.toUpperCase(),
  conclusion: check.conclusion?.toUpperCase() ?? null,
  startedAt: formatTimestamp(check.started),
  completedAt: formatOptionalTimestamp(check.completed),
  detailsUrl: null,
});

type RollupPlace = { readonly sha: string; readonly base: string };

/**
 * Statuses and checks of a commit. Checks of dispatched runs are not part of a pull request's rollup, measured on GitHub by
 * ThemeParks_JavaScript#37.
 */
const rollupShape = (repository: ForgeRepository, { sha, base }: RollupPlace): object | null => {
  const { runs, checks, statuses } = repository;
  const isRequired = (name: string): boolean => listRequiredChecks(repository, base).some(({ context }) => context === name);
  const newest = new Map((statuses.get(sha) ?? []).toReversed().map((each) => [each.context, each]));
  const jobs = [...runs.values()]
    .filter((run) => run.sha === sha && run.event !== "workflow_dispatch")
    .flatMap((run) => [...run.jobs.values()].map((job) => ({ run, job })));
  const contexts = [
    ...[...newest.values()].map(({ id, context, state, url, at }) => ({
      __typename: "StatusContext",
      id: nodeId("StatusContext", id),
      context,
      state: state.toUpperCase(),
      targetUrl: url,
      createdAt: formatTimestamp(at),
      isRequired: isRequired(context),
    })),
    ...checks.filter((check) => check.sha === sha).map((check) => ({ ...checkShape(check, null), isRequired: isRequired(check.name) })),
    ...jobs.map(({ run, job: { id, report, started, completed } }) => {
      const { name, status, conclusion } = report;
      const check = { id, name, status, conclusion, started: started ?? run.created, completed };
      return { ...checkShape(check, run.name), isRequired: isRequired(name) };
    }),
  ];
  if (contexts.length === 0) return null;
  return {
    id: nodeId("StatusCheckRollup", sha),
    contexts: (slice: ConnectionSlice) => connectionShape(contexts, slice, (each) => each),
  };
};

/** Fields of pull requests for clients. */
export const clientPullShape = (request: RepositoryRequest, issue: PullRequestIssue): object => {
  const { repository } = request;
  const { pull } = issue;
  const commit = {
    id: nodeId("Commit", pull.head),
    oid: pull.head,
    statusCheckRollup: () => rollupShape(repository, { sha: pull.head, base: pull.baseRef }),
  };
  return {
    ...clientIssueShape(request, issue),
    state: pull.merged ? "MERGED" : issue.state.toUpperCase(),
    maintainerCanModify: false,
    mergeable: async () => {
      const base = await repository.bare.resolveCommit(`refs/heads/${pull.baseRef}`);
      if (issue.state === "closed" || base === null) return "UNKNOWN";
      return (await repository.bare.mergeTree(base, pull.head)) === null ? "CONFLICTING" : "MERGEABLE";
    },
    additions: pull.size.additions,
    deletions: pull.size.deletions,
    // Only the newest commit has a node.
    commits: { totalCount: pull.size.commits, nodes: [{ id: nodeId("PullRequestCommit", pull.head), commit }] },
    headRepository: { id: nodeId("Repository", repository.id), name: repository.name },
    headRepositoryOwner: { ...graphqlActorShape(repository.owner), __typename: "User", name: null },
    isCrossRepository: false,
    reviewRequests: (slice: ConnectionSlice) =>
      connectionShape(pull.requestedReviewers, slice, (account) => ({
        id: nodeId("ReviewRequest", `${issue.id}/${account.id}`),
        requestedReviewer: graphqlActorShape(account),
      })),
  };
};

/** The viewer's permission; null for Apps and jobs. */
const viewerPermissionOf = ({ actor, repository }: RepositoryRequest): string | null =>
  actor.kind === "user" ? (findRole(repository, actor.account.login)?.toUpperCase() ?? null) : null;

type Listing = ConnectionSlice & {
  readonly states?: readonly string[];
  readonly orderBy?: { readonly field: string; readonly direction: "ASC" | "DESC" };
  readonly filterBy?: { readonly assignee?: string; readonly createdBy?: string; readonly mentioned?: string };
  readonly baseRefName?: string;
  readonly headRefName?: string;
};

const sortIssues = <T extends Issue>(issues: readonly T[], { orderBy }: Listing): readonly T[] => {
  const key = orderBy?.field === "UPDATED_AT" ? "updated" : "created";
  const sign = orderBy?.direction === "DESC" ? -1 : 1;
  return issues.toSorted((a, b) => sign * (a[key] - b[key] || a.number - b.number));
};

type ListedShape = (issue: Issue) => object;

/** Fields of repositories for clients. */
export const clientRepositoryShape = (
  request: RepositoryRequest,
  shapes: { readonly issue: ListedShape; readonly pull: (issue: PullRequestIssue) => object },
): object => {
  const { repository } = request;
  const all = [...repository.issues.values()];
  return {
    owner: { ...graphqlActorShape(repository.owner), __typename: "User", name: null },
    description: null,
    hasIssuesEnabled: true,
    hasWikiEnabled: false,
    viewerPermission: viewerPermissionOf(request),
    defaultBranchRef: { id: nodeId("Ref", repository.id), name: repository.defaultBranch },
    parent: null,
    issues: (listing: Listing) => {
      const { states, filterBy = {} } = listing;
      const found = all
        .filter((issue) => !issue.pull && (!states || states.includes(issue.state.toUpperCase())))
        .filter(({ by, assignees, body }) => {
          const { assignee, createdBy, mentioned } = filterBy ?? {};
          return (
            (!assignee || assignees.includes(assignee)) &&
            (!createdBy || by.login === createdBy) &&
            (!mentioned || body.includes(`@${mentioned}`))
          );
        });
      return connectionShape(sortIssues(found, listing), listing, shapes.issue);
    },
    pullRequests: (listing: Listing) => {
      const { states, baseRefName, headRefName } = listing;
      const found = all
        .filter(isPullRequest)
        .filter(({ state, pull }) => !states || states.includes(pull.merged ? "MERGED" : state.toUpperCase()))
        .filter(({ pull }) => (!baseRefName || pull.baseRef === baseRefName) && (!headRefName || pull.headRef === headRefName));
      return connectionShape(sortIssues(found, listing), listing, shapes.pull);
    },
  };
};
