import { CLIENT_SCHEMA } from "./graphql-client-schema.ts";

/** The part of GitHub's GraphQL schema that this forge implements: https://docs.github.com/en/graphql/reference */
export const GRAPHQL_SCHEMA = `
scalar DateTime
scalar GitObjectID
scalar URI

interface Node { id: ID! }
interface Actor { login: String! }
type User implements Actor & Node { id: ID! login: String! }
type Bot implements Actor & Node { id: ID! login: String! }

type Query {
  repository(name: String!, owner: String!): Repository
  viewer: User!
  nodes(ids: [ID!]!): [Node]!
}

type Repository implements Node {
  id: ID!
  name: String!
  nameWithOwner: String!
  mergeCommitAllowed: Boolean!
  rebaseMergeAllowed: Boolean!
  squashMergeAllowed: Boolean!
  mergeQueue(branch: String): MergeQueue
  issueOrPullRequest(number: Int!): IssueOrPullRequest
  pullRequest(number: Int!): PullRequest
}
union IssueOrPullRequest = Issue | PullRequest

type Issue implements Node {
  id: ID!
  number: Int!
  title: String!
  body: String!
  lastEditedAt: DateTime
  userContentEdits(after: String, before: String, first: Int, last: Int): UserContentEditConnection
  comments(after: String, before: String, first: Int, last: Int): IssueCommentConnection!
  timelineItems(first: Int, itemTypes: [IssueTimelineItemsItemType!], last: Int): IssueTimelineItemsConnection!
}
type IssueCommentConnection { nodes: [IssueComment] pageInfo: PageInfo! totalCount: Int! }
type IssueComment implements Node { id: ID! databaseId: Int body: String! author: Actor createdAt: DateTime! lastEditedAt: DateTime }
type UserContentEditConnection { nodes: [UserContentEdit] pageInfo: PageInfo! totalCount: Int! }
type UserContentEdit implements Node { id: ID! deletedAt: DateTime diff: String editedAt: DateTime! editor: Actor }
enum IssueTimelineItemsItemType { RENAMED_TITLE_EVENT }
type IssueTimelineItemsConnection { nodes: [IssueTimelineItems] pageInfo: PageInfo! totalCount: Int! }
union IssueTimelineItems = RenamedTitleEvent
type RenamedTitleEvent implements Node { id: ID! createdAt: DateTime! currentTitle: String! previousTitle: String! actor: Actor }

type MergeQueue implements Node {
  id: ID!
  entries(after: String, before: String, first: Int, last: Int): MergeQueueEntryConnection
}
type MergeQueueEntryConnection { nodes: [MergeQueueEntry] totalCount: Int! }
enum MergeQueueEntryState { AWAITING_CHECKS LOCKED MERGEABLE QUEUED UNMERGEABLE }
type MergeQueueEntry implements Node {
  id: ID!
  position: Int!
  state: MergeQueueEntryState!
  enqueuedAt: DateTime!
  enqueuer: Actor!
  baseCommit: Commit
  headCommit: Commit
  jump: Boolean!
  solo: Boolean!
  pullRequest: PullRequest
}
type Commit implements Node { id: ID! oid: GitObjectID! }

enum PullRequestState { CLOSED MERGED OPEN }
type PullRequest implements Node {
  id: ID!
  number: Int!
  title: String!
  body: String!
  lastEditedAt: DateTime
  userContentEdits(after: String, before: String, first: Int, last: Int): UserContentEditConnection
  url: URI!
  state: PullRequestState!
  merged: Boolean!
  isDraft: Boolean!
  headRefName: String!
  headRefOid: GitObjectID!
  baseRefName: String!
  isInMergeQueue: Boolean!
  isMergeQueueEnabled: Boolean!
  mergeQueueEntry: MergeQueueEntry
  mergeCommit: Commit
  reviewThreads(after: String, before: String, first: Int, last: Int): PullRequestReviewThreadConnection!
  reviews(after: String, before: String, first: Int, last: Int): PullRequestReviewConnection
  comments(after: String, before: String, first: Int, last: Int): IssueCommentConnection!
  timelineItems(first: Int, itemTypes: [PullRequestTimelineItemsItemType!], last: Int): PullRequestTimelineItemsConnection!
}
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! }
type PullRequestReviewThreadConnection { nodes: [PullRequestReviewThread] pageInfo: PageInfo! totalCount: Int! }
type PullRequestReviewThread implements Node {
  id: ID!
  isResolved: Boolean!
  resolvedBy: User
  isOutdated: Boolean!
  path: String!
  line: Int
  originalLine: Int
  comments(after: String, before: String, first: Int, last: Int): PullRequestReviewCommentConnection!
}
type PullRequestReviewCommentConnection { nodes: [PullRequestReviewComment] pageInfo: PageInfo! totalCount: Int! }
type PullRequestReviewComment implements Node {
  id: ID!
  databaseId: Int
  body: String!
  author: Actor
  createdAt: DateTime!
  publishedAt: DateTime
  lastEditedAt: DateTime
}
type PullRequestReviewConnection { nodes: [PullRequestReview] pageInfo: PageInfo! totalCount: Int! }
type PullRequestReview implements Node { id: ID! databaseId: Int body: String! author: Actor submittedAt: DateTime lastEditedAt: DateTime }
enum PullRequestTimelineItemsItemType { REMOVED_FROM_MERGE_QUEUE_EVENT RENAMED_TITLE_EVENT }
type PullRequestTimelineItemsConnection { nodes: [PullRequestTimelineItems] pageInfo: PageInfo! totalCount: Int! }
union PullRequestTimelineItems = RemovedFromMergeQueueEvent | RenamedTitleEvent
type RemovedFromMergeQueueEvent implements Node { id: ID! createdAt: DateTime! reason: String actor: Actor }

type Mutation {
  enqueuePullRequest(input: EnqueuePullRequestInput!): EnqueuePullRequestPayload
  dequeuePullRequest(input: DequeuePullRequestInput!): DequeuePullRequestPayload
  resolveReviewThread(input: ResolveReviewThreadInput!): ResolveReviewThreadPayload
  unresolveReviewThread(input: UnresolveReviewThreadInput!): UnresolveReviewThreadPayload
}
input ResolveReviewThreadInput { clientMutationId: String threadId: ID! }
type ResolveReviewThreadPayload { clientMutationId: String thread: PullRequestReviewThread }
input UnresolveReviewThreadInput { clientMutationId: String threadId: ID! }
type UnresolveReviewThreadPayload { clientMutationId: String thread: PullRequestReviewThread }
input EnqueuePullRequestInput { clientMutationId: String expectedHeadOid: GitObjectID jump: Boolean pullRequestId: ID! }
type EnqueuePullRequestPayload { clientMutationId: String mergeQueueEntry: MergeQueueEntry }
input DequeuePullRequestInput { clientMutationId: String id: ID! }
type DequeuePullRequestPayload { clientMutationId: String mergeQueueEntry: MergeQueueEntry }
${CLIENT_SCHEMA}`;
