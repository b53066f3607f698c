import { type Base, type ExecutionId, readTaskId } from "../model/ids.ts";
import { type Landing, type LandingWay, type Terms, wayOf } from "../model/queue.ts";
import { code, sentence } from "./escape.ts";

const HOW: Readonly<Record<LandingWay, string>> = {
  exact: "the verified commit is pushed",
  each: "pull requests are merged one at a time",
  "each-squash": "pull requests are squashed one at a time",
  "each-rebase": "pull requests are rebased one at a time",
  queue: "pull requests are added to GitHub's merge queue one at a time, once they are verified",
  batch: "steps that are green together are merged as one pull request",
};

/** How work lands on a base, and why so. */
export const landsHow = (base: Base, { mode, method, why }: Pick<Terms, "mode" | "method" | "why">): string =>
  `On ${code(base)} ${HOW[wayOf({ mode, ...(method && { method }) })]} (${mode}): ${sentence(why).replace(/\.?$/, ".")}`;

/** GitHub's reasons why its merge queue removed a pull request; those that nobody here knows in GitHub's own word. */
const REMOVED: Readonly<Record<string, string>> = {
  CI_FAILURE: "a required check failed on its merge group",
  CI_TIMEOUT: "a required check of its merge group did not report in time",
  MERGE_CONFLICT: "it conflicts with the base or with a pull request ahead of it",
  BRANCH_PROTECTIONS: "a rule of the base was not met",
};

export const removedWords = (reason: string | null): string =>
  reason === null ? "GitHub gives no reason" : (REMOVED[reason.toUpperCase()] ?? `GitHub's reason is ${code(reason)}`);

/** Which step of an execution is in GitHub's merge queue now; empty where none is. */
export const queuedNow = (execution: ExecutionId, landing: Landing | undefined): string => {
  if (landing?.mode !== "queue") return "";
  const steps = landing.candidate.items.map(({ task }) => readTaskId(task)).filter((id) => id?.execution === execution);
  return steps.map((id) => ` ${code(id?.step ?? "")} is in GitHub's merge queue now.`).join("");
};
