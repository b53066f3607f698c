import type { ForgeAccount, RepositoryRole } from "./forge-actor.ts";
import type { BareRepository } from "./bare-repository.ts";
import type { Issue, IssueEvent, IssueComment } from "./forge-issue.ts";
import type { CommitStatus, CheckRun, ForgeRun } from "./forge-run.ts";
import type { MergeSettings } from "./merge-methods.ts";
import type { MergeQueueEntry } from "./merge-queue-entry.ts";

/** A move of a branch, as GitHub's activity list shows it. */
type BranchActivity = {
  readonly id: number;
  readonly ref: string;
  readonly before: string;
  readonly after: string;
  readonly at: number;
  readonly by: ForgeAccount;
  readonly type: "branch_creation" | "branch_deletion" | "force_push" | "push";
};
export type BranchRule = { readonly branch: string; readonly type: string; readonly parameters?: unknown };
export type ForgeRepository = {
  readonly id: number;
  readonly owner: ForgeAccount;
  readonly name: string;
  readonly private: boolean;
  defaultBranch: string;
  readonly created: number;
  pushedAt: number;
  readonly bare: BareRepository;
  readonly roles: Map<string, RepositoryRole>;
  readonly issues: Map<number, Issue>;
  /** Oldest first. */
  readonly history: IssueEvent[];
  readonly comments: Map<number, IssueComment>;
  /** Oldest first. */
  readonly activities: BranchActivity[];
  readonly statuses: Map<string, CommitStatus[]>;
  readonly checks: CheckRun[];
  readonly runs: Map<number, ForgeRun>;
  readonly rules: BranchRule[];
  readonly mergeSettings: MergeSettings;
  /** Merge queue entries by branch, in the order of arrival. */
  readonly mergeQueues: Map<string, MergeQueueEntry[]>;
  /** Commits that GitHub created and signed. The merge button signs all commits except rebased ones. */
  readonly signedCommits: Set<string>;
  /** Whether workflows run. */
  actionsEnabled: boolean;
  /** Whether Actions may open and approve pull requests. */
  actionsPulls: boolean;
  secrets: Readonly<Record<string, string>>;
  readonly environments: Map<string, Readonly<Record<string, string>>>;
  variables: Readonly<Record<string, string>>;
  readonly environmentVariables: Map<string, Readonly<Record<string, string>>>;
  /** The branches that an environment admits; an unlisted environment admits every branch. */
  readonly environmentBranches: Map<string, readonly string[]>;
  /** The machine's own workflow files by path, in effect at every commit without being part of any. */
  workflowFiles: Readonly<Record<string, string>>;
  lastNumber: number;
};
export const formatRepositoryKey = (owner: string, name: string): string => `${owner}/${name}`.toLowerCase();
export const repositoryFullName = (repository: ForgeRepository): string => `${repository.owner.login}/${repository.name}`;
export const repositoryKey = (repository: ForgeRepository): string => formatRepositoryKey(repository.owner.login, repository.name);
