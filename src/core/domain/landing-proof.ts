import type { CommandSource } from "./command.ts";
import type { BranchName, Hash, Login, Millis, Sha, StepId, TaskId } from "./ids.ts";

/** An approving review of exactly the landed head. */
export type ProvenReview = { readonly by: Login; readonly review: number };

type ProvenCommand = { readonly by: Login; readonly at: Millis | null; readonly source: string | null };

/** The commit of the default branch with the configuration in force, and its digest. */
export type LandingPolicy = { readonly branch: BranchName; readonly commit: Sha | null; readonly digest: Hash };

/** The ledger's part of a statement about a landing. The rest follows from git, so the statement can be written again. */
export type LandingProof = {
  /** The tip of the base before and after the landing. */
  readonly onto: Sha;
  readonly tip: Sha;
  readonly method: "merge" | "squash" | "rebase";
  readonly candidate: { readonly commit: Sha; readonly tree: Sha };
  readonly verdict: { readonly commit: Sha; readonly run: number | null };
  /** All steps of the landed commit, in order. */
  readonly tasks: readonly TaskId[];
  readonly attempt: number;
  readonly head: Sha;
  readonly pull: number | null;
  readonly plan: Hash;
  readonly approval: ProvenCommand | null;
  readonly reviews: readonly ProvenReview[];
  readonly decisions: readonly { readonly step: StepId; readonly by: Login; readonly source: string }[];
  readonly policy: LandingPolicy;
};

/** The place of a command, in words for a statement. */
export const formatCommandSource = (source: CommandSource): string => {
  switch (source.kind) {
    case "comment":
    case "review":
    case "review-comment":
      return `${source.kind} ${source.id}`;
    case "label":
      return `label ${source.name}`;
    case "request":
      return `request ${source.commit}`;
    case "issue":
    case "assignment":
      return source.kind;
  }
};
