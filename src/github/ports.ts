import type { Base, Login, Millis, Sha } from "../model/ids.ts";
import type { JobInputs, MergeHow, Reaction, ReactionTarget } from "../model/effect.ts";
import type { BacklogItem } from "../model/backlog.ts";
import type { ChangedFile } from "../model/brief.ts";
import type { JobKey } from "../model/job.ts";
import type { LineComment } from "../model/written.ts";
import type { Check, MergeMethod, Permission, Pull, QueueEntry, Review, Rules, Run } from "../model/query.ts";

/**
 * `refused`: GitHub said no and will say no again; codes `not-allowed`, `not-found`, `conflict`, `gone`, `invalid`, `too-many`, `http-<status>`.
 * `later`: a limit or a fault, with the time to try again; `unclear` when GitHub may have done what was asked.
 */
export type Failure =
  | { readonly kind: "refused"; readonly code: string; readonly why: string }
  | { readonly kind: "later"; readonly at: Millis; readonly why: string; readonly unclear: boolean };
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export type Comment = {
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
export type ThreadComment = Comment & {
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

export type Issues = {
  /** Issues and pull requests that were opened or changed since a time, the last change first. Refuses `gone` where the repository has no issues. */
  changedSince(since: Millis): Promise<Reply<readonly ListedIssue[]>>;
  /** What was done to issues and pull requests since a time, the newest first. One may come twice. */
  changesSince(since: Millis): Promise<Reply<readonly IssueChange[]>>;
  /** Refuses `not-found` and `gone` (deleted). */
  read(issue: number): Promise<Reply<IssueText>>;
  /** What title and text of an issue or pull request were at a time, where they were changed since. */
  textsAt(issue: number, at: Millis): Promise<Reply<PastTexts>>;
  /** A hundred of an issue's comments, oldest first; the first page is 1. */
  commentsPage(issue: number, page: number): Promise<Reply<readonly ThreadComment[]>>;
  /**
   * Issue and pull request comments of the repository that changed since, oldest change first.
   * Every change before `until` is among them: the next listing starts there. Ids come again where listings overlap.
   */
  commentsSince(since: Millis): Promise<Reply<{ comments: readonly Comment[]; until: Millis }>>;
  /** Comments of one issue or pull request, oldest first, the first thousand. */
  commentsOn(issue: number): Promise<Reply<readonly Comment[]>>;
  comment(issue: number, body: string): Promise<Reply<{ comment: number }>>;
  editComment(comment: number, body: string): Promise<Reply<null>>;
  /** One that is gone already is a success. */
  deleteComment(comment: number): Promise<Reply<null>>;
  /** Adds a reaction; the same one again changes nothing. */
  react(target: ReactionTarget, reaction: Reaction): Promise<Reply<null>>;
  closeIssue(issue: number): Promise<Reply<null>>;
};

/** Issues with our label. */
export type Backlog = {
  /** The open ones, newest first, at most {@link MAX_ITEMS}; their texts cut. */
  list(): Promise<Reply<readonly BacklogItem[]>>;
  /** The issue, open or closed, whose text begins with this line, and that we wrote; null when there is none. */
  find(marker: string, by: Login): Promise<Reply<{ issue: number } | null>>;
  open(item: { title: string; body: string }): Promise<Reply<{ issue: number }>>;
  edit(item: { issue: number; title: string; body: string }): Promise<Reply<null>>;
  close(issue: number, reason: "completed" | "not_planned"): Promise<Reply<null>>;
};

/** A pull request with how much it changes. */
export type PullText = {
  readonly base: Base;
  /** A fork's is `<owner>:<branch>`. */
  readonly headRef: string;
  readonly head: Sha;
  readonly changedFiles: number;
};

/** What became of the text of a comment on a line. */
export type LineHistory = { readonly id: number; readonly submitted: Millis; readonly edited: boolean };

export type Pulls = {
  read(pull: number): Promise<Reply<PullText>>;
  /** The first hundred files that it changes, in the order of their paths. */
  files(pull: number): Promise<Reply<readonly (ChangedFile & { readonly patch: string | null })[]>>;
  /** All open pull requests, and the closed ones that changed lately. A fork's `headRef` is `<owner>:<branch>`. */
  list(): Promise<Reply<readonly Pull[]>>;
  /** The pull request of a branch of this repository into a base: the open one, else the newest merged one; null when there is none. */
  find(head: string, base: Base): Promise<Reply<{ pull: number } | null>>;
  /** Where there is one for that head already, that one. */
  open(pull: { head: string; base: Base; title: string; body: string }): Promise<Reply<{ pull: number }>>;
  /** Gives it another text. */
  edit(pull: number, body: string): Promise<Reply<null>>;
  close(pull: number): Promise<Reply<null>>;
  /**
   * Merges if the head is exactly this one: by a merge commit, or as `how` says. Nothing here guards the base.
   * Refusals besides the usual: `base-moved` (ask again), `conflict` (the head moved), `not-mergeable` (a rule, a conflict, or merged already).
   */
  merge(pull: number, head: Sha, how?: MergeHow): Promise<Reply<null>>;
  /** All submitted reviews, oldest first. Refuses `too-many` rather than to leave some out. */
  reviews(pull: number): Promise<Reply<readonly Review[]>>;
  /** Submitted reviews of the pull requests that changed since, the first of many; every change before `until` is looked at. */
  reviewsSince(since: Millis): Promise<Reply<{ reviews: readonly (Review & { readonly pull: number })[]; until: Millis }>>;
  /** Comments on the lines of one pull request's diff, oldest first, the first thousand. */
  lineComments(pull: number): Promise<Reply<readonly LineComment[]>>;
  /** Those of the whole repository that changed since; see {@link Issues.commentsSince}. */
  lineCommentsSince(since: Millis): Promise<Reply<{ comments: readonly LineComment[]; until: Millis }>>;
  /** The first comments of threads that somebody resolved. */
  resolvedThreads(pull: number): Promise<Reply<readonly number[]>>;
  /** When comments on lines were submitted, and whether their text is still that; up to a hundred. GitHub updates a comment also when its review is submitted. */
  lineHistories(comments: readonly LineComment[]): Promise<Reply<readonly LineHistory[]>>;
  /** Reviews whose text is not what was submitted. */
  editedReviews(pull: number): Promise<Reply<readonly number[]>>;
  /** Answers in the thread that a comment begins. */
  reply(to: { pull: number; comment: number; body: string }): Promise<Reply<{ comment: number }>>;
};

export type Checks = {
  /** All check runs and statuses of a commit, also those that others replaced. Refuses `too-many` rather than to leave some out. */
  of(commit: Sha): Promise<Reply<readonly Check[]>>;
  /** The rules of a branch, also of one that is not there yet. */
  rules(base: Base): Promise<Reply<Rules>>;
  /** How the repository's settings let pull requests be merged; null where GitHub does not show them. */
  methods(): Promise<Reply<readonly MergeMethod[] | null>>;
  /** Sets a status of a commit, `enki/refinery` where no other is named; a long text is cut. */
  setStatus(status: { commit: Sha; state: "pending" | "success" | "failure"; text: string; context?: string }): Promise<Reply<null>>;
};

export type MergeQueue = {
  entry(pull: number): Promise<Reply<QueueEntry>>;
  /** Adds a pull request, if the head is exactly this one. */
  enqueue(pull: number, head: Sha): Promise<Reply<null>>;
  dequeue(pull: number): Promise<Reply<null>>;
};

export type Runs = {
  /** Starts `enki-step.yml` at the default branch; the run's id where GitHub tells it. */
  startJob(inputs: JobInputs): Promise<Reply<{ run: number | null }>>;
  /** The newest hundred runs of `enki-step.yml`; none where the file is missing. The list lags behind a start by seconds. */
  list(): Promise<Reply<readonly Run[]>>;
  /** Starts an Actions workflow by the name of its file, at a branch. */
  startWorkflow(file: string, branch: string): Promise<Reply<null>>;
  /** One that is over or gone already is a success. */
  stop(run: number): Promise<Reply<null>>;
  /** Wakes whoever coordinates this repository: a `repository_dispatch` of type `enki` that names a job. */
  wake(job: JobKey): Promise<Reply<null>>;
};

export type People = {
  /** `none` for who is unknown. */
  permission(login: Login): Promise<Reply<Permission>>;
};

export type FileText =
  | { readonly kind: "text"; readonly text: string; /** False where the rest is left out. */ readonly whole: boolean }
  | { readonly kind: "unread"; readonly why: string };

/** What people attach to issues. */
export type Files = {
  /** `https://github.com`. */
  readonly server: string;
  /** `<owner>/<name>`. */
  readonly repository: string;
  /** A text, from the host of this GitHub and its storage only. Whatever cannot be read is said so, never tried again. */
  read(url: string): Promise<FileText>;
};

export type GitHub = {
  readonly files: Files;
  readonly issues: Issues;
  readonly backlog: Backlog;
  readonly pulls: Pulls;
  readonly checks: Checks;
  readonly queue: MergeQueue;
  readonly runs: Runs;
  readonly people: People;
  /** The branch that issues and Actions workflow files are read from. Read once. */
  readonly defaultBranch: () => Promise<Reply<string>>;
  /** Requests sent so far, those answered "not modified" apart. */
  readonly requests: () => { readonly sent: number; readonly notModified: number };
  /** GitHub's clock, from the last answer's `Date` header; null before the first. */
  readonly serverTime: () => Millis | null;
};
