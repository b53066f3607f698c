import type { JobsSection } from "../config/jobs-schema.ts";
import { placeJobs, renderServices } from "./place-jobs.ts";
import { renderOwnSteps } from "./render-own-steps.ts";
import { indentStep, WORK_CHECKOUT } from "./render-step-workflow.ts";

/** Names the keys of `[jobs]` that `enki-step.yml` does not follow, because `enki init` has not run since they changed. */
export const findUnwrittenJobs = (workflow: string, jobs: JobsSection): string[] => [
  ...(placeJobs(workflow.split("\n"), { ...jobs, services: {} }).join("\n") === workflow ? [] : ["runs_on"]),
  ...(readServices(workflow) === renderServices(jobs.services).join("\n") ? [] : ["services"]),
  ...(["setup", "verify_setup"] as const).filter((key) => !hasSteps(workflow, jobs[key])),
];

/** The lines of the service containers in a workflow file; empty without any. */
const readServices = (workflow: string): string => /^ {4}services:\n(?: {6}.*\n?)+/m.exec(workflow)?.[0].trimEnd() ?? "";

/** With a vendored action, the steps run in another directory. */
const hasSteps = (workflow: string, steps: string): boolean =>
  ["", WORK_CHECKOUT].some((directory) => workflow.includes(renderOwnSteps(steps, directory).map(indentStep).join("\n")));
