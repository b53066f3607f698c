/** What of GitHub's GraphQL this forge answers, in GitHub's own words: https://docs.github.com/en/graphql/reference */
export const SCHEMA = `
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
}

type Repository implements Node {
  id: ID!
  name: String!
  nameWithOwner: String!
  mergeCommitAllowed: Boolean!
  rebaseMergeAllowed: Boolean!
  squashMergeAllowed: Boolean!
  mergeQueue(branch: String): MergeQueue
  pullRequest(number: Int!): PullRequest
}

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
  timelineItems(first: Int, itemTypes: [PullRequestTimelineItemsItemType!], last: Int): PullRequestTimelineItemsConnection!
}
enum PullRequestTimelineItemsItemType { REMOVED_FROM_MERGE_QUEUE_EVENT }
type PullRequestTimelineItemsConnection { nodes: [PullRequestTimelineItems] totalCount: Int! }
union PullRequestTimelineItems = RemovedFromMergeQueueEvent
type RemovedFromMergeQueueEvent implements Node { id: ID! createdAt: DateTime! reason: String actor: Actor }

type Mutation {
  enqueuePullRequest(input: EnqueuePullRequestInput!): EnqueuePullRequestPayload
  dequeuePullRequest(input: DequeuePullRequestInput!): DequeuePullRequestPayload
}
input EnqueuePullRequestInput { clientMutationId: String expectedHeadOid: GitObjectID jump: Boolean pullRequestId: ID! }
type EnqueuePullRequestPayload { clientMutationId: String mergeQueueEntry: MergeQueueEntry }
input DequeuePullRequestInput { clientMutationId: String id: ID! }
type DequeuePullRequestPayload { clientMutationId: String mergeQueueEntry: MergeQueueEntry }
`;
