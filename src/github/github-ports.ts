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
  WorkflowRunInfo,
} from "../core/domain/github-facts.ts";

/**
 * `refused`: GitHub said no and will say no again; codes `not-allowed`, `not-found`, `conflict`, `gone`, `invalid`, `too-many`, `http-<status>`.
 * `later`: a limit or a fault, with the time to try again; `unclear` when GitHub may have done what was asked.
 */
export type GitHubFailure =
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  | { readonly kind: "later"; readonly retryAt: Millis; readonly reason: string; readonly unclear: boolean };
export type GitHubReply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: GitHubFailure };

export type GitHubComment = {
  readonly id: number;
  readonly issue: number;
  /** True where that is a pull request. */
  readonly onPull: boolean;
  readonly by: Login;
  readonly bot: boolean;
  readonly body: string;
  readonly created: Millis;
  readonly updated: Millis;
};

/** A comment of one issue or pull request. */
export type ThreadComment = GitHubComment & {
  /** What GitHub says in passing: an owner, a member or a collaborator. It is not known of private members. */
  readonly member: boolean;
};

/** An issue or the issue side of a pull request, as a person wrote it. */
export type IssueText = {
  readonly title: string;
  readonly body: string;
  readonly by: Login;
  readonly bot: boolean;
  readonly created: Millis;
  /** When it changed last, whatever changed. */
  readonly updated: Millis;
  readonly onPull: boolean;
  /** How many comments it has. */
  readonly comments: number;
};

/** A text as it was at a time; unknown where GitHub does not show that, with the time of the last edit. */
export type PastText =
  | { readonly kind: "same" }
  | { readonly kind: "was"; readonly text: string }
  | { readonly kind: "unknown"; readonly edited: Millis };
export type PastTexts = { readonly title: PastText; readonly body: PastText };

/** An issue as a listing has it. */
export type ListedIssue = IssueText & {
  readonly issue: number;
  readonly labels: readonly string[];
  readonly assignees: readonly Login[];
};

/** Something that was done to an issue or pull request, in GitHub's words: `labeled`, `assigned`, and more. */
export type IssueChange = {
  readonly id: number;
  readonly issue: number;
  readonly onPull: boolean;
  readonly action: string;
  readonly by: Login;
  readonly bot: boolean;
  readonly label: string | null;
  readonly assignee: Login | null;
  readonly at: Millis;
};

export type IssuePort = {
  /** Issues and pull requests that were opened or changed since a time, the last change first. Refuses `gone` where the repository has no issues. */
  changedSince(since: Millis): Promise<GitHubReply<readonly ListedIssue[]>>;
  /** What was done to issues and pull requests since a time, the newest first. One may come twice. */
  changesSince(since: Millis): Promise<GitHubReply<readonly IssueChange[]>>;
  /** Refuses `not-found` and `gone` (deleted). */
  read(issue: number): Promise<GitHubReply<IssueText>>;
  /** What title and text of an issue or pull request were at a time, where they were changed since. */
  textsAt(issue: number, at: Millis): Promise<GitHubReply<PastTexts>>;
  /** A hundred of an issue's comments, oldest first; the first page is 1. */
  commentsPage(issue: number, page: number): Promise<GitHubReply<readonly ThreadComment[]>>;
  /**
   * Issue and pull request comments of the repository that changed since, oldest change first.
   * Every change before `until` is among them: the next listing starts there. Ids come again where listings overlap.
   */
  commentsSince(since: Millis): Promise<GitHubReply<{ comments: readonly GitHubComment[]; until: Millis }>>;
  /** Comments of one issue or pull request, oldest first, the first thousand. */
  commentsOn(issue: number): Promise<GitHubReply<readonly GitHubComment[]>>;
  comment(issue: number, body: string): Promise<GitHubReply<{ comment: number }>>;
  editComment(comment: number, body: string): Promise<GitHubReply<null>>;
  /** One that is gone already is a success. */
  deleteComment(comment: number): Promise<GitHubReply<null>>;
  /** Adds a reaction; the same one again changes nothing. */
  react(target: ReactionTarget, reaction: ReactionName): Promise<GitHubReply<null>>;
  closeIssue(issue: number): Promise<GitHubReply<null>>;
};

/** Issues with our label. */
export type BacklogPort = {
  /** The open ones, newest first, at most {@link MAX_ITEMS}; their texts cut. */
  list(): Promise<GitHubReply<readonly BacklogItem[]>>;
  /** The issue, open or closed, whose text begins with this line, and that we wrote; null when there is none. */
  find(marker: string, by: Login): Promise<GitHubReply<{ issue: number } | null>>;
  open(item: { title: string; body: string }): Promise<GitHubReply<{ issue: number }>>;
  edit(item: { issue: number; title: string; body: string }): Promise<GitHubReply<null>>;
  close(issue: number, reason: "completed" | "not_planned"): Promise<GitHubReply<null>>;
};

/** A pull request with how much it changes. */
export type PullText = {
  readonly baseBranch: BranchName;
  /** A fork's is `<owner>:<branch>`. */
  readonly headRef: string;
  readonly head: Sha;
  readonly changedFiles: number;
};

/** What became of the text of a comment on a line. */
export type LineHistory = { readonly id: number; readonly submitted: Millis; readonly edited: boolean };

export type PullPort = {
  read(pull: number): Promise<GitHubReply<PullText>>;
  /** The first hundred files that it changes, in the order of their paths. */
  files(pull: number): Promise<GitHubReply<readonly (ChangedFile & { readonly patch: string | null })[]>>;
  /** All open pull requests, and the closed ones that changed lately. A fork's `headRef` is `<owner>:<branch>`. */
  list(): Promise<GitHubReply<readonly Pull[]>>;
  /** The pull request of a branch of this repository into a base: the open one, else the newest merged one; null when there is none. */
  find(head: string, base: BranchName): Promise<GitHubReply<{ pull: number } | null>>;
  /** Where there is one for that head already, that one. */
  open(pull: { head: string; base: BranchName; title: string; body: string }): Promise<GitHubReply<{ pull: number }>>;
  /** Gives it another text. */
  edit(pull: number, body: string): Promise<GitHubReply<null>>;
  close(pull: number): Promise<GitHubReply<null>>;
  /**
   * Merges if the head is exactly this one: by a merge commit, or as `how` says. Nothing here guards the base.
   * Refusals besides the usual: `base-moved` (ask again), `conflict` (the head moved), `not-mergeable` (a rule, a conflict, or merged already).
   */
  merge(pull: number, head: Sha, how?: SquashOrRebase): Promise<GitHubReply<null>>;
  /** All submitted reviews, oldest first. Refuses `too-many` rather than to leave some out. */
  reviews(pull: number): Promise<GitHubReply<readonly Review[]>>;
  /** Submitted reviews of the pull requests that changed since, the first of many; every change before `until` is looked at. */
  reviewsSince(since: Millis): Promise<GitHubReply<{ reviews: readonly (Review & { readonly pull: number })[]; until: Millis }>>;
  /** Comments on the lines of one pull request's diff, oldest first, the first thousand. */
  lineComments(pull: number): Promise<GitHubReply<readonly LineComment[]>>;
  /** Those of the whole repository that changed since; see {@link Issues.commentsSince}. */
  lineCommentsSince(since: Millis): Promise<GitHubReply<{ comments: readonly LineComment[]; until: Millis }>>;
  /** The first comments of threads that somebody resolved. */
  resolvedThreads(pull: number): Promise<GitHubReply<readonly number[]>>;
  /** When comments on lines were submitted, and whether their text is still that; up to a hundred. GitHub updates a comment also when its review is submitted. */
  lineHistories(comments: readonly LineComment[]): Promise<GitHubReply<readonly LineHistory[]>>;
  /** Reviews whose text is not what was submitted. */
  editedReviews(pull: number): Promise<GitHubReply<readonly number[]>>;
  /** Answers in the thread that a comment begins. */
  reply(to: { pull: number; comment: number; body: string }): Promise<GitHubReply<{ comment: number }>>;
};

export type CheckPort = {
  /** All check runs and statuses of a commit, also those that others replaced. Refuses `too-many` rather than to leave some out. */
  list(commit: Sha): Promise<GitHubReply<readonly Check[]>>;
  /** The rules of a branch, also of one that is not there yet. */
  rules(base: BranchName): Promise<GitHubReply<BranchRules>>;
  /** How the repository's settings let pull requests be merged; null where GitHub does not show them. */
  mergeMethods(): Promise<GitHubReply<readonly MergeMethod[] | null>>;
  /** Sets a status of a commit, `enki/refinery` where no other is named; a long text is cut. */
  setStatus(status: { commit: Sha; state: "pending" | "success" | "failure"; text: string; context?: string }): Promise<GitHubReply<null>>;
};

export type MergeQueuePort = {
  entry(pull: number): Promise<GitHubReply<MergeQueuePosition>>;
  /** Adds a pull request, if the head is exactly this one. */
  enqueue(pull: number, head: Sha): Promise<GitHubReply<null>>;
  dequeue(pull: number): Promise<GitHubReply<null>>;
};

export type RunPort = {
  /** Starts `enki-step.yml` at the default branch; the run's id where GitHub tells it. */
  startJob(inputs: JobInputs): Promise<GitHubReply<{ run: number | null }>>;
  /** The newest hundred runs of `enki-step.yml`; none where the file is missing. The list lags behind a start by seconds. */
  list(): Promise<GitHubReply<readonly WorkflowRunInfo[]>>;
  /** Starts an Actions workflow by the name of its file, at a branch. */
  startWorkflow(file: string, branch: string): Promise<GitHubReply<null>>;
  /** One that is over or gone already is a success. */
  stop(run: number): Promise<GitHubReply<null>>;
  /** Wakes whoever coordinates this repository: a `repository_dispatch` of type `enki` that names a job. */
  wake(job: JobKey): Promise<GitHubReply<null>>;
};

export type CollaboratorPort = {
  /** `none` for who is unknown. */
  permission(login: Login): Promise<GitHubReply<RepositoryPermission>>;
};

export type FileText =
  | { readonly kind: "text"; readonly text: string; /** False where the rest is left out. */ readonly whole: boolean }
  | { readonly kind: "unread"; readonly reason: string };

/** What people attach to issues. */
export type AttachmentPort = {
  /** `https://github.com`. */
  readonly server: string;
  /** `<owner>/<name>`. */
  readonly repository: string;
  /** A text, from the host of this GitHub and its storage only. Whatever cannot be read is said so, never tried again. */
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
  /** The branch that issues and Actions workflow files are read from. Read once. */
  readonly defaultBranch: () => Promise<GitHubReply<string>>;
  /** Requests sent so far, those answered "not modified" apart. */
  readonly requests: () => { readonly sent: number; readonly notModified: number };
  /** GitHub's clock, from the last answer's `Date` header; null before the first. */
  readonly serverTime: () => Millis | null;
};
