/** The part of GitHub's GraphQL schema that `gh issue`, `gh pr`, `gh repo view` and `gh workflow run` need. It extends the other part. */
export const CLIENT_SCHEMA = `
interface RepositoryOwner { id: ID! login: String! }
type Organization implements Node { id: ID! login: String! }
type Team implements Node { id: ID! name: String! slug: String! organization: Organization! }
extend type User implements RepositoryOwner { name: String }
enum RepositoryPermission { ADMIN MAINTAIN READ TRIAGE WRITE }
enum CommentAuthorAssociation { COLLABORATOR CONTRIBUTOR FIRST_TIMER FIRST_TIME_CONTRIBUTOR MANNEQUIN MEMBER NONE OWNER }
enum OrderDirection { ASC DESC }
enum IssueOrderField { COMMENTS CREATED_AT UPDATED_AT }
input IssueOrder { field: IssueOrderField! direction: OrderDirection! }
input IssueFilters { assignee: String createdBy: String mentioned: String }
type Ref implements Node { id: ID! name: String! }

extend type Repository {
  owner: RepositoryOwner!
  description: String
  hasIssuesEnabled: Boolean!
  hasWikiEnabled: Boolean!
  viewerPermission: RepositoryPermission
  defaultBranchRef: Ref
  parent: Repository
  issues(after: String, filterBy: IssueFilters, first: Int, orderBy: IssueOrder, states: [IssueState!]): IssueConnection!
  pullRequests(
    after: String, baseRefName: String, first: Int, headRefName: String, orderBy: IssueOrder, states: [PullRequestState!]
  ): PullRequestConnection!
}
type IssueConnection { nodes: [Issue] pageInfo: PageInfo! totalCount: Int! }
type PullRequestConnection { nodes: [PullRequest] pageInfo: PageInfo! totalCount: Int! }

type Label implements Node { id: ID! name: String! description: String color: String! }
type LabelConnection { nodes: [Label] totalCount: Int! }
type UserConnection { nodes: [User] totalCount: Int! }
type Milestone implements Node { id: ID! number: Int! title: String! description: String dueOn: DateTime }
type Project implements Node { id: ID! name: String! }
type ProjectColumn implements Node { id: ID! name: String! }
type ProjectCard implements Node { id: ID! project: Project! column: ProjectColumn }
type ProjectCardConnection { nodes: [ProjectCard] totalCount: Int! }
enum ReactionContent { CONFUSED EYES HEART HOORAY LAUGH ROCKET THUMBS_DOWN THUMBS_UP }
type ReactingUserConnection { totalCount: Int! }
type ReactionGroup { content: ReactionContent! users(first: Int): ReactingUserConnection! }

enum IssueState { CLOSED OPEN }
enum IssueStateReason { COMPLETED DUPLICATE NOT_PLANNED REOPENED }
extend type Issue {
  url: URI!
  state: IssueState!
  stateReason: IssueStateReason
  createdAt: DateTime!
  updatedAt: DateTime!
  author: Actor
  assignees(first: Int): UserConnection!
  labels(first: Int): LabelConnection
  milestone: Milestone
  projectCards(first: Int): ProjectCardConnection!
  reactionGroups: [ReactionGroup!]
}
extend type IssueComment {
  authorAssociation: CommentAuthorAssociation!
  includesCreatedEdit: Boolean!
  isMinimized: Boolean!
  minimizedReason: String
  reactionGroups: [ReactionGroup!]
  url: URI!
  viewerDidAuthor: Boolean!
}

enum MergeableState { CONFLICTING MERGEABLE UNKNOWN }
union RequestedReviewer = Bot | Team | User
type ReviewRequest implements Node { id: ID! requestedReviewer: RequestedReviewer }
type ReviewRequestConnection { nodes: [ReviewRequest] totalCount: Int! }
type PullRequestCommit implements Node { id: ID! commit: Commit! }
type PullRequestCommitConnection { nodes: [PullRequestCommit] totalCount: Int! }
extend type PullRequest {
  author: Actor
  createdAt: DateTime!
  updatedAt: DateTime!
  assignees(first: Int): UserConnection!
  labels(first: Int): LabelConnection
  milestone: Milestone
  projectCards(first: Int): ProjectCardConnection!
  reactionGroups: [ReactionGroup!]
  maintainerCanModify: Boolean!
  mergeable: MergeableState!
  additions: Int!
  deletions: Int!
  commits(last: Int): PullRequestCommitConnection!
  headRepository: Repository
  headRepositoryOwner: RepositoryOwner
  isCrossRepository: Boolean!
  reviewRequests(first: Int): ReviewRequestConnection
}
enum PullRequestReviewState { APPROVED CHANGES_REQUESTED COMMENTED DISMISSED PENDING }
extend type PullRequestReview {
  authorAssociation: CommentAuthorAssociation!
  state: PullRequestReviewState!
  commit: Commit
  reactionGroups: [ReactionGroup!]
}

enum StatusState { ERROR EXPECTED FAILURE PENDING SUCCESS }
enum CheckStatusState { COMPLETED IN_PROGRESS PENDING QUEUED REQUESTED WAITING }
enum CheckConclusionState { ACTION_REQUIRED CANCELLED FAILURE NEUTRAL SKIPPED STALE STARTUP_FAILURE SUCCESS TIMED_OUT }
type Workflow implements Node { id: ID! name: String! }
type WorkflowRun implements Node { id: ID! workflow: Workflow! }
type CheckSuite implements Node { id: ID! workflowRun: WorkflowRun }
type StatusContext implements Node {
  id: ID!
  context: String!
  state: StatusState!
  targetUrl: URI
  createdAt: DateTime!
  isRequired(pullRequestId: ID): Boolean!
}
type CheckRun implements Node {
  id: ID!
  name: String!
  checkSuite: CheckSuite!
  status: CheckStatusState!
  conclusion: CheckConclusionState
  startedAt: DateTime
  completedAt: DateTime
  detailsUrl: URI
  isRequired(pullRequestId: ID): Boolean!
}
union StatusCheckRollupContext = CheckRun | StatusContext
type StatusCheckRollupContextConnection { nodes: [StatusCheckRollupContext] pageInfo: PageInfo! totalCount: Int! }
type StatusCheckRollup implements Node { id: ID! contexts(after: String, first: Int): StatusCheckRollupContextConnection! }
extend type Commit { statusCheckRollup: StatusCheckRollup }

extend type Query { node(id: ID!): Node }
extend type Mutation {
  createIssue(input: CreateIssueInput!): CreateIssuePayload
  addComment(input: AddCommentInput!): AddCommentPayload
  addPullRequestReview(input: AddPullRequestReviewInput!): AddPullRequestReviewPayload
}
input CreateIssueInput { clientMutationId: String repositoryId: ID! title: String! body: String }
type CreateIssuePayload { clientMutationId: String issue: Issue }
input AddCommentInput { clientMutationId: String subjectId: ID! body: String! }
type IssueCommentEdge { node: IssueComment }
type AddCommentPayload { clientMutationId: String commentEdge: IssueCommentEdge }
enum PullRequestReviewEvent { APPROVE COMMENT DISMISS REQUEST_CHANGES }
input AddPullRequestReviewInput {
  clientMutationId: String
  pullRequestId: ID!
  event: PullRequestReviewEvent
  body: String
  commitOID: GitObjectID
}
type AddPullRequestReviewPayload { clientMutationId: String pullRequestReview: PullRequestReview }
`;
