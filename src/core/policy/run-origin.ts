import type { WorkflowRunInfo } from "../domain/github-facts.ts";
import type { BranchName, Login } from "../domain/ids.ts";
import type { JobKey } from "../domain/job.ts";

/** The workflow file of Enki's jobs. */
export const STEP_WORKFLOW_FILE = "enki-step.yml";
const STEP_WORKFLOW_PATH = `.github/workflows/${STEP_WORKFLOW_FILE}`;

/** Who starts Enki's runs, and from which branch. */
export type RunStarter = { readonly botLogin: Login; readonly defaultBranch: BranchName };

/**
 * Whether Enki itself started a run, from the default branch's workflow file. Everybody with write permission can start `enki-step.yml`
 * under the name of a job, also in a version of their own on another branch.
 */
export const isOwnRun = (run: WorkflowRunInfo, { botLogin, defaultBranch }: RunStarter): boolean =>
  run.file === STEP_WORKFLOW_PATH &&
  run.event === "workflow_dispatch" &&
  run.branch === defaultBranch &&
  !run.fork &&
  run.startedBy === botLogin;

/** Finds the run that Enki started for a job: the unfinished one, else the newest. A job may have been started twice. */
export const findJobRun = (runs: readonly WorkflowRunInfo[], job: JobKey, starter: RunStarter): WorkflowRunInfo | null => {
  const own = runs.filter((run) => run.name === job && isOwnRun(run, starter)).sort((a, b) => b.id - a.id);
  return own.find(({ state }) => state !== "done") ?? own[0] ?? null;
};
