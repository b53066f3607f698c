import type { ConfigFile } from "../../config/config-schema.ts";
import type { ActionsWorkflowFile, BranchRules, MergeMethod } from "../../domain/github-facts.ts";
import type { ProtectionGap } from "../../domain/protection-gap.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { FileOrigin } from "../generated-file.ts";
import type { DetectedProject } from "../detect-project.ts";
import type { RemoteAddress } from "../remote-address.ts";
import type { EnvironmentRules } from "../environment-rules.ts";

/** A repository's settings on GitHub. Null stands for a setting hidden from the token. */
export type GitHubSettings = {
  readonly isPrivate: boolean;
  readonly sizeKb: number;
  readonly canPush: boolean;
  readonly isActionsEnabled: boolean | null;
  readonly allowedActions: "all" | "local_only" | "selected" | null;
  readonly mayOpenPulls: boolean | null;
  readonly hasEnvironment: boolean | null;
  /** Whether jobs on any branch receive the environment's secrets. */
  readonly isEnvironmentOpen: boolean | null;
  /** Which branches and tags receive them, if not all do. */
  readonly environmentRules: EnvironmentRules | null;
  readonly hasEnvironmentSecret: boolean | null;
  readonly hasRepositorySecret: boolean | null;
  /** Whether a secret signs the ledger: its own key, or an App's, from which it is derived. */
  readonly hasLedgerSecret: boolean | null;
  /** Whether jobs receive an App's id and key, so that they act as the App. */
  readonly hasApp: boolean | null;
  readonly rules: BranchRules | null;
  readonly mergeMethods: readonly MergeMethod[] | null;
};

/** A file of a set-up as it is, and as `enki init` would write it now, without their first lines. */
export type ComparedFile = { readonly path: string; readonly origin: FileOrigin; readonly present: string; readonly wanted: string };

export type LedgerHealth =
  | { readonly kind: "none" | "unread" }
  /** `unpublishedKey`: the public key of the newest signature, unless the repository publishes the key for `enki verify`. */
  | { readonly kind: "healthy"; readonly isSigned: boolean; readonly unpublishedKey?: string | undefined }
  | { readonly kind: "broken" | "newer"; readonly message: string };

/** Everything that the checks of `enki doctor` judge. */
export type DoctorFacts = {
  /** The fault of this git. An old Node does not get so far. */
  readonly gitFault: Refusal | null;
  readonly project: DetectedProject;
  readonly config: ConfigFile;
  readonly configFaults: readonly string[];
  /** Files of the set-up that are not committed. */
  readonly uncommitted: readonly string[];
  /** `enki-step.yml` of the repository; null if there is none. */
  readonly stepWorkflow: { readonly text: string; readonly origin: FileOrigin } | null;
  /** The workflow files of the set-up, and its copy of the action; none if the configuration has a mistake. */
  readonly setUpFiles: readonly ComparedFile[];
  /** Files of the set-up whose commits the remote's default branch lacks, as this clone last saw the branch. */
  readonly unpushed: readonly string[];
  /** How this checkout came from the remote's default branch; `unknown` if a shallow clone lacks the commit that both share. */
  readonly historyFromRemote: "ahead" | "diverged" | "unknown";
  /** Whether the default branch is checked out. */
  readonly isOnDefaultBranch: boolean;
  readonly workflows: readonly ActionsWorkflowFile[];
  /** Texts of the repository's other workflow files, by path. */
  readonly workflowTexts: Readonly<Record<string, string>>;
  readonly remote: RemoteAddress | null;
  readonly base: string;
  /** Workflows of commands, schedules and dispatches run on it. */
  readonly defaultBranch: string;
  /** Whether the base's workflow files differ from the default branch's; null if one of them is unknown. */
  readonly differsFromDefault: boolean | null;
  /** Null without a token or a remote. */
  readonly github: GitHubSettings | null;
  /** Why GitHub's settings were not read; null if they were. */
  readonly githubFault: string | null;
  readonly ledger: LedgerHealth;
  /** Of the machine that runs the App; null for any other. */
  readonly hasLedgerKey: boolean | null;
  /** Protections against agents and commands that this machine lacks. */
  readonly protectionGaps: readonly ProtectionGap[];
  /** The first verify command that fails on the base; null if all pass or none was run. */
  readonly redCommand: string | null;
};
