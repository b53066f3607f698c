import type { BranchName, Login, Millis, Sha } from "../core/domain/ids.ts";
import type { JobInputs, SquashOrRebase, ReactionName, ReactionTarget } from "../core/domain/effect.ts";
import type { BacklogItem } from "../core/domain/backlog-item.ts";
import type { ChangedFile } from "../core/domain/brief.ts";
import type { JobKey } from "../core/domain/job.ts";
import type { LineComment } from "../core/domain/line-comment.ts";
import type {
  Check,
  MergeMethod,
  RepositoryPermission,
  Pull,
  MergeQueuePosition,
  Review,
  BranchRules,
  RunArtifactInfo,
  WorkflowRunInfo,
  GitHubComment,
  IssueChange,
} from "../core/domain/github-facts.ts";

/**
 * `refused`: GitHub rejected the request permanently; codes `not-allowed`, `not-found`, `conflict`, `gone`, `invalid`, `too-many`, `http-<status>`.
 * `later`: a limit or a fault, with the time to retry; `unclear` if the request may have succeeded.
 */
export type GitHubFailure =
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  | { readonly kind: "later"; readonly retryAt: Millis; readonly reason: string; readonly unclear: boolean };
export type GitHubReply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: GitHubFailure };

export type CommentEdit = { readonly id: number; readonly edited: boolean };

export type ThreadComment = GitHubComment & {
  /** Whether GitHub lists the author as owner, member or collaborator. Private members are not listed. */
  readonly member: boolean;
};

/** An issue, or the issue side of a pull request. */
export type IssueText = {
  readonly title: string;
  readonly body: string;
  readonly by: Login;
  readonly bot: boolean;
  readonly created: Millis;
  /** Time of the last change of any kind. */
  readonly updated: Millis;
  readonly onPull: boolean;
  readonly comments: number;
};

/** A text at a given time; unknown if GitHub does not show its history, with the time of the last edit. */
export type PastText =
  | { readonly kind: "same" }
  | { readonly kind: "was"; readonly text: string }
  | { readonly kind: "unknown"; readonly edited: Millis };
export type PastTexts = { readonly title: PastText; readonly body: PastText };

export type ListedIssue = IssueText & {
  readonly issue: number;
  readonly labels: readonly string[];
  readonly assignees: readonly Login[];
  /** Whether the issue or pull request is open. */
  readonly open: boolean;
};

export type IssuePort = {
  /** Issues and pull requests created or changed since a given time, newest change first. Refuses `gone` if the repository has no issues. */
  changedSince(since: Millis): Promise<GitHubReply<readonly ListedIssue[]>>;
  /** Events of issues and pull requests since a given time, newest first. An event may appear twice. */
  changesSince(since: Millis): Promise<GitHubReply<readonly IssueChange[]>>;
  /** Refuses `not-found` and `gone` (deleted). */
  read(issue: number): Promise<GitHubReply<IssueText>>;
  /** Title and text of an issue or pull request at a given time, if changed since. */
  textsAt(issue: number, at: Millis): Promise<GitHubReply<PastTexts>>;
  /** A page of a hundred comments, oldest first; pages start at 1. */
  commentsPage(issue: number, page: number): Promise<GitHubReply<readonly ThreadComment[]>>;
  /**
   * Comments of issues and pull requests changed since a given time, oldest change first.
   * Contains every change before `until`, where the next listing starts. Overlapping listings repeat comments.
   */
  commentsSince(since: Millis): Promise<GitHubReply<{ comments: readonly GitHubComment[]; until: Millis }>>;
  /** At most a thousand comments, oldest first. */
  commentsOn(issue: number): Promise<GitHubReply<readonly GitHubComment[]>>;
  /** Refuses `not-found` for a deleted comment. */
  readComment(comment: number): Promise<GitHubReply<GitHubComment>>;
  /** The newest comments of an issue or pull request, and whether each was edited, also within the second of its creation. */
  commentEdits(issue: number): Promise<GitHubReply<readonly CommentEdit[]>>;
  comment(issue: number, body: string): Promise<GitHubReply<{ comment: number }>>;
  editComment(comment: number, body: string): Promise<GitHubReply<null>>;
  /** Succeeds if the comment is already deleted. */
  deleteComment(comment: number): Promise<GitHubReply<null>>;
  /** Repeating a reaction has no effect. */
  react(target: ReactionTarget, reaction: ReactionName): Promise<GitHubReply<null>>;
  closeIssue(issue: number): Promise<GitHubReply<null>>;
};

/** Issues with Enki's label. */
export type BacklogPort = {
  /** Open issues, newest first, at most {@link MAX_ITEMS}, with truncated texts. */
  list(): Promise<GitHubReply<readonly BacklogItem[]>>;
  /** Finds an open or closed issue by this author whose text starts with the marker; null if none exists. */
  find(marker: string, by: Login): Promise<GitHubReply<{ issue: number } | null>>;
  open(item: { title: string; body: string }): Promise<GitHubReply<{ issue: number }>>;
  edit(item: { issue: number; title: string; body: string }): Promise<GitHubReply<null>>;
  close(issue: number, reason: "completed" | "not_planned"): Promise<GitHubReply<null>>;
};

export type PullText = {
  readonly baseBranch: BranchName;
  /** `<owner>:<branch>` for a fork. */
  readonly headRef: string;
  readonly head: Sha;
  readonly changedFiles: number;
};

export type LineHistory = { readonly id: number; readonly submitted: Millis; readonly edited: boolean };

export type PullPort = {
  read(pull: number): Promise<GitHubReply<PullText>>;
  /** The first hundred changed files, by path. */
  files(pull: number): Promise<GitHubReply<readonly (ChangedFile & { readonly patch: string | null })[]>>;
  /** All open pull requests and recently changed closed ones. `headRef` is `<owner>:<branch>` for a fork. */
  list(): Promise<GitHubReply<readonly Pull[]>>;
  /**
   * Finds the pull request of a branch into a base branch: the open pull request, or else the newest merged pull request; null if none
   * exists.
   */
  find(head: string, base: BranchName): Promise<GitHubReply<{ pull: number } | null>>;
  /** Returns the existing pull request of that head, if any. */
  open(pull: { head: string; base: BranchName; title: string; body: string }): Promise<GitHubReply<{ pull: number }>>;
  edit(pull: number, body: string): Promise<GitHubReply<null>>;
  close(pull: number): Promise<GitHubReply<null>>;
  /**
   * Merges if the head is exactly this commit, by a merge commit or as `how` requests. The base branch is not checked.
   * Additional refusals: `base-moved` (retry), `conflict` (the head moved), `not-mergeable` (a rule, a conflict, or already merged).
   */
  merge(pull: number, head: Sha, how?: SquashOrRebase): Promise<GitHubReply<null>>;
  /** People and apps that pushed to a branch, by GitHub's record of its activity; null unless the record shows the push of `head`. */
  pushers(branch: string, head: Sha): Promise<GitHubReply<readonly Login[] | null>>;
  /** All submitted reviews, oldest first. Refuses `too-many` instead of returning a partial list. */
  reviews(pull: number): Promise<GitHubReply<readonly Review[]>>;
  /** Submitted reviews of pull requests changed since a given time, up to a limit; every change before `until` is covered. */
  reviewsSince(since: Millis): Promise<GitHubReply<{ reviews: readonly (Review & { readonly pull: number })[]; until: Millis }>>;
  /** At most a thousand line comments of a pull request, oldest first. */
  lineComments(pull: number): Promise<GitHubReply<readonly LineComment[]>>;
  /** Line comments of the repository changed since a given time; see {@link IssuePort.commentsSince}. */
  lineCommentsSince(since: Millis): Promise<GitHubReply<{ comments: readonly LineComment[]; until: Millis }>>;
  /** First comments of resolved threads. */
  resolvedThreads(pull: number): Promise<GitHubReply<readonly number[]>>;
  /** Submission times of at most a hundred line comments, and whether their texts were edited since. GitHub's update time also changes when a review is submitted. */
  lineHistories(comments: readonly LineComment[]): Promise<GitHubReply<readonly LineHistory[]>>;
  /** Reviews edited after submission. */
  editedReviews(pull: number): Promise<GitHubReply<readonly number[]>>;
  /** Asks a person for a review and notifies the person. Refuses `invalid` for the author and for people without access. */
  requestReview(pull: number, login: Login): Promise<GitHubReply<null>>;
  /** People whose requested review is missing. */
  requestedReviewers(pull: number): Promise<GitHubReply<readonly Login[]>>;
  /** Replies in the thread of a comment. */
  reply(to: { pull: number; comment: number; body: string }): Promise<GitHubReply<{ comment: number }>>;
};

/** `url`: the page behind the status. */
type CommitStatusText = {
  readonly commit: Sha;
  readonly state: "pending" | "success" | "failure";
  readonly text: string;
  readonly context?: string;
  readonly url?: string;
};

export type CheckPort = {
  /** All check runs and statuses of a commit, including replaced ones. Refuses `too-many` instead of returning a partial list. */
  list(commit: Sha): Promise<GitHubReply<readonly Check[]>>;
  /** Rules of a branch, which need not exist yet. */
  rules(base: BranchName): Promise<GitHubReply<BranchRules>>;
  /** Merge methods that the repository allows; null if GitHub does not show the settings. */
  mergeMethods(): Promise<GitHubReply<readonly MergeMethod[] | null>>;
  /** Sets a commit status, `enki/refinery` by default; long texts are truncated. */
  setStatus(status: CommitStatusText): Promise<GitHubReply<null>>;
};

export type MergeQueuePort = {
  entry(pull: number): Promise<GitHubReply<MergeQueuePosition>>;
  /** Adds a pull request if its head is exactly this commit. */
  enqueue(pull: number, head: Sha): Promise<GitHubReply<null>>;
  dequeue(pull: number): Promise<GitHubReply<null>>;
};

/** Why the coordinator is woken: a job delivered its result, or a time came after this many failures in a row. */
type WakePayload = { readonly job: JobKey } | { readonly failures: number };

export type RunPort = {
  /** Starts `enki-step.yml` at the default branch; `run` is null if GitHub does not report the run. */
  startJob(inputs: JobInputs): Promise<GitHubReply<{ run: number | null }>>;
  /** The newest hundred runs of `enki-step.yml`; empty if the file is missing. New runs appear after a few seconds. */
  list(): Promise<GitHubReply<readonly WorkflowRunInfo[]>>;
  /** A run by its id; null if the repository has no such run. */
  read(run: number): Promise<GitHubReply<WorkflowRunInfo | null>>;
  /** The artifact with the given name that a job of the run uploaded; null without the artifact or the run. */
  artifact(run: number, name: string): Promise<GitHubReply<RunArtifactInfo | null>>;
  /** Starts an Actions workflow by file name, at a branch. */
  startWorkflow(file: string, branch: string): Promise<GitHubReply<null>>;
  /** Succeeds if the run is finished or deleted. */
  stop(run: number): Promise<GitHubReply<null>>;
  /** Notifies the coordinator by a `repository_dispatch` of type `enki` that names a job. */
  wake(payload: WakePayload): Promise<GitHubReply<null>>;
};

export type CollaboratorPort = {
  /** `none` for unknown users. */
  permission(login: Login): Promise<GitHubReply<RepositoryPermission>>;
};

export type FileText =
  | { readonly kind: "text"; readonly text: string; /** Whether the text is complete. */ readonly whole: boolean }
  | { readonly kind: "unread"; readonly reason: string };

export type AttachmentPort = {
  /** For example `https://github.com`. */
  readonly server: string;
  /** `<owner>/<name>`. */
  readonly repository: string;
  /** Reads a text from this GitHub's host or its storage. Unreadable files return `unread` and are not retried. */
  read(url: string): Promise<FileText>;
};

export type GitHubPorts = {
  readonly files: AttachmentPort;
  readonly issues: IssuePort;
  readonly backlog: BacklogPort;
  readonly pulls: PullPort;
  readonly checks: CheckPort;
  readonly queue: MergeQueuePort;
  readonly runs: RunPort;
  readonly people: CollaboratorPort;
  /** The branch whose workflow files Actions runs for issues; read once. */
  readonly defaultBranch: () => Promise<GitHubReply<string>>;
  /** Number of requests sent; "not modified" answers are counted separately. */
  readonly requests: () => { readonly sent: number; readonly notModified: number };
  /** GitHub's clock, from the `Date` header of the last answer; null before the first answer. */
  readonly serverTime: () => Millis | null;
};
