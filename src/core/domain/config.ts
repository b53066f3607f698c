import type { BriefComments } from "./brief.ts";
import type { Tier } from "./plan.ts";
import type { LandingMode, MergeMethod, RequiredCheck } from "./github-facts.ts";

/** How an agent behaves. */
export type Role = {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly systemPrompt: string;
  readonly canEdit: boolean;
  readonly output: "branch" | "artifact";
};

export type AgentCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** `.enki/enki.toml` after the cascade, defaults filled in. Times in milliseconds. */
export type Config = {
  readonly workers: { readonly total: number; readonly tiers: Readonly<Record<Tier, number>> };
  readonly agents: Readonly<Record<"planner" | "worker" | "merger" | "sidecar", AgentCommand>>;
  readonly tiers: Readonly<Record<Tier, { readonly model: string | null; readonly timeoutMs: number }>>;
  /** Models that workflows may name: those of the tiers, and those that are listed. Null where none is: then nobody knows which there are. */
  readonly models: readonly string[] | null;
  readonly refinery: {
    /** Commands that verify a candidate, each run by `bash -c` in a fresh checkout. */
    readonly verify: readonly string[];
    readonly timeoutMs: number;
    readonly parallel: number;
    /** Red runs that are forgiven a step before it leaves the queue. */
    readonly retries: number;
    /** The branch that work lands on; null for the default branch. */
    readonly baseBranch: string | null;
    /** Checks that have to be green on a candidate, besides those that the rules of the base require. */
    readonly checks: readonly RequiredCheck[];
    /** Where all checks are required: how long nothing may have been said before they count as all, in milliseconds. */
    readonly quietMs: number;
    /** How work lands; `auto` for what the rules of the base allow. */
    readonly landing: LandingMode | "auto";
    /** What GitHub makes of a pull request; `auto` for a merge commit where that is allowed, else a squash, else a rebase. */
    readonly method: MergeMethod | "auto";
    /** Actions workflows to start after a landing: a push by `GITHUB_TOKEN` starts none. */
    readonly after: readonly string[];
    /** Labels that keep a pull request of ours from landing. */
    readonly hold: readonly string[];
    /** Paths, as globs, that who resolves a conflict may change beside the conflicting files. */
    readonly resolveAlso: readonly string[];
    /** By a glob, the command that makes files anew that no one merges, as lock files are. */
    readonly regenerate: Readonly<Record<string, string>>;
  };
  readonly plan: { readonly approval: "always" | "never"; readonly maxSteps: number };
  readonly policy: {
    /** Paths, as globs, that no step may change. */
    readonly protected: readonly string[];
    readonly maxFiles: number;
    readonly maxBytes: number;
  };
  readonly brief: {
    /** Whose comments on the issue are read. */
    readonly comments: BriefComments;
    /** The most characters of comments and files; title, body and request are always whole. */
    readonly maxChars: number;
  };
  readonly triggers: {
    /** The label that starts an issue when a person sets it; empty for none. */
    readonly label: string;
  };
  readonly git: { readonly commitSuffix: string };
  readonly roles: Readonly<Record<string, Role>>;
  /** Workflow files by name, as they are written, and where they are. */
  readonly workflows: Readonly<Record<string, { readonly path: string; readonly text: string }>>;
  /** Where `enki.toml` has a mistake, and which: what it protects and how it verifies is not known then, so nothing new is begun or taken. */
  readonly broken: string | null;
};
