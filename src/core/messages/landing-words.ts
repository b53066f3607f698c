import { type BranchName, type ExecutionId, readTaskId } from "../domain/ids.ts";
import { type Landing, type LandingKind, type LandingTerms, toLandingKind } from "../domain/queue.ts";
import { toInlineCode, escapeSentence } from "./escape.ts";

const LANDING_KIND_WORDS: Readonly<Record<LandingKind, string>> = {
  exact: "the very commit that was verified is pushed",
  each: "pull requests are merged one at a time",
  "each-squash": "pull requests are squashed one at a time",
  "each-rebase": "pull requests are rebased one at a time",
  queue: "pull requests are added to GitHub's merge queue one at a time, once they are verified",
  batch: "steps that are verified together are merged as one pull request",
};

export const describeLanding = (base: BranchName, { mode, method, reason }: Pick<LandingTerms, "mode" | "method" | "reason">): string =>
  `On ${toInlineCode(base)} ${LANDING_KIND_WORDS[toLandingKind({ mode, ...(method && { method }) })]} (${mode}): ${escapeSentence(reason).replace(/\.?$/, ".")}`;

/** GitHub's reasons for removing a pull request from its merge queue; unknown ones are quoted. */
const REMOVAL_REASONS: Readonly<Record<string, string>> = {
  CI_FAILURE: "a required check failed on its merge group",
  CI_TIMEOUT: "a required check of its merge group did not report in time",
  MERGE_CONFLICT: "it conflicts with the base or with a pull request ahead of it",
  BRANCH_PROTECTIONS: "a rule of the base was not met",
};

export const describeRemoval = (reason: string | null): string =>
  reason === null ? "GitHub gives no reason" : (REMOVAL_REASONS[reason.toUpperCase()] ?? `GitHub's reason is ${toInlineCode(reason)}`);

/** Empty if none of the execution's steps is in GitHub's merge queue. */
export const renderQueuedSteps = (execution: ExecutionId, landing: Landing | undefined): string => {
  if (landing?.mode !== "queue") return "";
  const steps = landing.candidate.items.map(({ task }) => readTaskId(task)).filter((id) => id?.execution === execution);
  return steps.map((id) => ` ${toInlineCode(id?.step ?? "")} is in GitHub's merge queue now.`).join("");
};
