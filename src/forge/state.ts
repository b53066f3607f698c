import type { After } from "../git/run.ts";
import type { Conclusion, JobReport, Runner } from "../runner/contract.ts";
import type { Attachment } from "./attachments.ts";
import type { Bare } from "./bare.ts";
import type { CommitFacts, Size } from "./commits.ts";
import type { Event } from "./happen.ts";
import type { MergeSettings } from "./merge-methods.ts";
import type { QueueEntry, Removal } from "./queue-entry.ts";
import type { Side } from "./patches.ts";

export type Level = "none" | "read" | "write";
/** What a token may do, by GitHub's names of permissions: `pull_requests`, `contents`, … */
export type Rights = Readonly<Record<string, Level>>;
export type Role = "admin" | "maintain" | "write" | "triage" | "read";

export type Account = { readonly id: number; readonly login: string; readonly type: "User" | "Bot" };

/** Who asks. A user's rights come from the repository, a token may narrow them; those of an App and of a job come from the token. */
export type Actor =
  | { readonly kind: "user"; readonly account: Account; readonly rights: Rights | null }
  | { readonly kind: "app"; readonly account: Account; readonly app: App; readonly rights: Rights; readonly owner: string }
  | { readonly kind: "job"; readonly account: Account; readonly rights: Rights; readonly repository: string };

export type Token = { readonly value: string; readonly actor: Actor; readonly expires: number | null };

export type App = {
  readonly id: number;
  readonly slug: string;
  readonly account: Account;
  readonly publicKey: string;
  webhookUrl: string | null;
  readonly secret: string;
  readonly rights: Rights;
  /** The events that it subscribes to; null for all. */
  readonly events: readonly string[] | null;
  /** Ids of installations by owner. */
  readonly installations: Map<string, number>;
};

export type Comment = {
  readonly id: number;
  readonly issue: number;
  readonly by: Account;
  body: string;
  readonly created: number;
  updated: number;
  readonly reactions: Reaction[];
};
export type Reaction = { readonly id: number; readonly by: Account; readonly content: string; readonly created: number };

/** An issue, or the issue side of a pull request: they share numbers, comments and labels. */
export type Issue = {
  readonly id: number;
  readonly number: number;
  readonly by: Account;
  title: string;
  body: string;
  state: "open" | "closed";
  reason: string | null;
  labels: string[];
  assignees: string[];
  readonly created: number;
  updated: number;
  closed: number | null;
  readonly reactions: Reaction[];
  /** Every text that it had, oldest first; none while nobody has edited it. */
  readonly edits: TextEdit[];
  readonly pull: Pull | null;
};

/** A text as it was from a time on. */
export type TextEdit = { readonly at: number; readonly by: Account; readonly text: string };

/** A change to an issue or pull request, as its history keeps it. */
export type IssueEvent = {
  readonly id: number;
  readonly issue: number;
  readonly by: Account;
  readonly action: string;
  readonly label: string | null;
  readonly assignee: string | null;
  readonly rename: { readonly from: string; readonly to: string } | null;
  readonly at: number;
};

export type Pull = {
  readonly headRef: string;
  head: string;
  baseRef: string;
  baseSha: string;
  draft: boolean;
  merged: { readonly at: number; readonly by: Account; readonly commit: string } | null;
  readonly reviews: Review[];
  /** Reviews that are not submitted: only their authors see them. */
  readonly pending: PendingReview[];
  /** Comments on its diff, by what they answer. */
  readonly threads: Thread[];
  readonly removals: Removal[];
  /** As it was when the head or the base was chosen last. */
  size: Size;
};

export type Review = {
  readonly id: number;
  readonly by: Account;
  state: string;
  body: string;
  readonly commit: string;
  readonly at: number;
  /** When its text was changed last. */
  edited?: number;
};

/** Where a thread stands now; null where its lines are not part of the diff any more. A comment on a whole file has no lines. */
type ThreadPlace = { readonly line: number; readonly startLine: number | null; readonly position: number };
/** Comments on the same lines of a diff, the first of which the others answer. */
export type Thread = {
  readonly id: number;
  readonly path: string;
  readonly subject: "line" | "file";
  readonly side: Side;
  readonly startSide: Side | null;
  readonly original: ThreadPlace & { readonly commit: string };
  readonly hunk: string;
  /** The head that {@link place} speaks of. */
  commit: string;
  place: ThreadPlace | null;
  resolvedBy: Account | null;
  readonly comments: LineComment[];
};

export type LineComment = {
  readonly id: number;
  readonly review: number;
  readonly by: Account;
  body: string;
  readonly created: number;
  updated: number;
  /** When its review was submitted. */
  published: number;
  /** When its text was changed last. */
  edited?: number;
  readonly reactions: Reaction[];
};

/** A review that is being written. Its comments are created before it is submitted, and belong to the pull request from then on. */
export type PendingReview = Pick<Review, "id" | "by" | "body" | "commit"> & { readonly threads: readonly Thread[] };

export type Status = {
  readonly id: number;
  readonly state: string;
  readonly context: string;
  readonly description: string | null;
  readonly url: string | null;
  readonly by: Account;
  readonly at: number;
};
export type CheckRun = {
  readonly id: number;
  readonly sha: string;
  readonly name: string;
  status: string;
  conclusion: string | null;
  output: unknown;
  readonly by: Account;
  readonly started: number;
  completed: number | null;
};

export type RunJob = { readonly id: number; report: JobReport; started: number | null; completed: number | null };
export type Run = {
  readonly id: number;
  readonly number: number;
  readonly path: string;
  readonly name: string;
  readonly event: string;
  readonly branch: string;
  readonly sha: string;
  readonly head: CommitFacts;
  readonly actor: Actor;
  /** How many runs led to it by `workflow_run`. */
  readonly chain: number;
  title: string;
  status: "queued" | "in_progress" | "completed";
  conclusion: Conclusion | "action_required" | null;
  /** Why it could not start. */
  why: string;
  readonly created: number;
  updated: number;
  /** Lists leave the run out before this time. */
  readonly listed: number;
  readonly jobs: Map<string, RunJob>;
};

export type Rule = { readonly branch: string; readonly type: string; readonly parameters?: unknown };

export type Repository = {
  readonly id: number;
  readonly owner: Account;
  readonly name: string;
  readonly private: boolean;
  defaultBranch: string;
  readonly created: number;
  pushed: number;
  readonly bare: Bare;
  readonly roles: Map<string, Role>;
  readonly issues: Map<number, Issue>;
  /** Oldest first. */
  readonly history: IssueEvent[];
  readonly comments: Map<number, Comment>;
  readonly statuses: Map<string, Status[]>;
  readonly checks: CheckRun[];
  readonly runs: Map<number, Run>;
  readonly rules: Rule[];
  readonly merging: MergeSettings;
  /** Entries of merge queues by branch, first in, first out. */
  readonly queues: Map<string, QueueEntry[]>;
  /** Commits that GitHub made and signed by itself: by the merge button, all but rebased ones. */
  readonly signed: Set<string>;
  /** True where Actions may open and approve pull requests. */
  actionsPulls: boolean;
  secrets: Readonly<Record<string, string>>;
  readonly environments: Map<string, Readonly<Record<string, string>>>;
  numbers: number;
};

/** How much later GitHub knows some things, in milliseconds. */
export type Lag = { readonly runs: number; readonly merged: number };

/** A delivery of a webhook as it was sent; `status` is null where nobody answered. */
export type Delivery = {
  readonly id: string;
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
  status: number | null;
};

export type Faults = {
  /** How often a delivery is sent: 0 loses it, 2 doubles it under the same id. */
  readonly deliveries?: (delivery: Delivery) => number;
  /** What goes wrong with a request; null for one that is well. */
  readonly requests?: (request: { readonly method: string; readonly path: string; readonly login: string }) => RequestFault | null;
};

/** It fails with 502, before it took effect or after; or it is refused by a secondary limit, for so many seconds. */
type RequestFault = "before" | "after" | { readonly retryAfter: number };

/** A request that was answered. The body of the answer can be had as long as it is not sent: ask for it at once. */
export type Observed = {
  readonly method: string;
  readonly path: string;
  readonly login: string;
  readonly status: number;
  readonly body: () => Promise<string>;
};

export type Forge = {
  readonly directory: string;
  readonly now: () => number;
  /** 0 up to and without 1. */
  readonly random: () => number;
  readonly after: After;
  readonly runner: Runner;
  readonly lag: Lag;
  readonly faults: Faults;
  readonly observe: (exchange: Observed) => void;
  /** Requests an hour and token. */
  readonly rateLimit: number;
  url: string;
  readonly started: number;
  ids: number;
  readonly accounts: Map<string, Account>;
  readonly tokens: Map<string, Token>;
  readonly apps: App[];
  readonly repositories: Map<string, Repository>;
  /** What people attached, by number. */
  readonly attachments: Map<number, Attachment>;
  readonly deliveries: Delivery[];
  readonly used: Map<string, { count: number; reset: number }>;
  readonly work: Work;
  /** Starts the workflows that listen to an event; a field, because the end of a run is an event too. */
  readonly trigger: (forge: Forge, repository: Repository, event: Event) => void;
  /** Lets merge queues go on; a field for the same reason: what they wait for is an event. */
  readonly advance: (forge: Forge, repository: Repository) => void;
};

/** What goes on in the background: webhooks on their way, runs about to start, marks that come later. */
export type Work = {
  /** Runs tasks of one queue one after the other; a fault of one is kept for `settled`. */
  readonly inTurn: (queue: string, task: () => Promise<void>) => Promise<void>;
  /** Does something later, unless the forge is closed before. */
  readonly later: (delay: number, task: () => Promise<void>) => void;
  readonly settled: () => Promise<void>;
  readonly close: () => void;
};

export const nextId = (forge: Forge): number => {
  forge.ids += 1;
  return forge.ids;
};

export const keyOf = (owner: string, name: string): string => `${owner}/${name}`.toLowerCase();
export const fullName = (repository: Repository): string => `${repository.owner.login}/${repository.name}`;
export const repositoryKey = (repository: Repository): string => keyOf(repository.owner.login, repository.name);

/** An account of that name, made where there is none. */
export const accountOf = (forge: Forge, login: string): Account => {
  const known = forge.accounts.get(login.toLowerCase());
  if (known) return known;
  const account: Account = { id: nextId(forge), login, type: login.endsWith("[bot]") ? "Bot" : "User" };
  forge.accounts.set(login.toLowerCase(), account);
  return account;
};
