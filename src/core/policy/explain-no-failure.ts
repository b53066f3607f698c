import type { WorkflowRunInfo } from "../domain/github-facts.ts";

const PASSED = new Set(["success", "neutral", "skipped", "cancelled", "action_required", "stale"]);

/** Events of the default branch itself. Strangers can cause other events, such as `issue_comment` or a `workflow_run` after a pull request. */
const OWN_EVENTS = new Set(["push", "schedule", "workflow_dispatch", "repository_dispatch"]);

type JudgedRun = Pick<WorkflowRunInfo, "fork" | "branch" | "event" | "state" | "conclusion">;

/**
 * Why a run is no failure of the default branch; null if it is one. A branch of a fork may have the same name, and its log is written by
 * strangers.
 */
export const explainNoFailure = ({ fork, branch, event, state, conclusion }: JudgedRun, defaultBranch: string): string | null => {
  if (fork || !OWN_EVENTS.has(event)) return "the run is of a pull request or a fork, or somebody else started it";
  if (branch !== defaultBranch) return `the run is of ${branch ?? "no branch"}, not of ${defaultBranch}`;
  return state === "done" && PASSED.has(conclusion ?? "success") ? `the run ended as ${conclusion ?? "unknown"}` : null;
};
