import { type ExpressionValue, type ExpressionScope, createStatusFunctions, toExpressionValue } from "./evaluate-expression.ts";
import { type RunFacts, createRunContexts } from "./run-facts.ts";
import type { FinishedJob } from "./workflow-runner.ts";
import type { WorkflowJob } from "./actions-workflow.ts";

export type JobResults = ReadonlyMap<string, FinishedJob>;

const findNeededJobs = (job: WorkflowJob, jobs: readonly WorkflowJob[]): ReadonlySet<string> => {
  const all = new Set<string>();
  const open = [...job.needs];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (all.has(id)) continue;
    all.add(id);
    open.push(...(jobs.find((other) => other.id === id)?.needs ?? []));
  }
  return all;
};

/** The `needs` context of a job: results and outputs of the jobs in its `needs`. */
export const createNeedsContext = (job: WorkflowJob, results: JobResults): ExpressionValue =>
  toExpressionValue(
    Object.fromEntries(
      job.needs.map((id) => [id, { result: results.get(id)?.conclusion ?? "skipped", outputs: results.get(id)?.outputs ?? {} }]),
    ),
  );

/**
 * The scope of a job's own expressions. As on GitHub, `success()` and `failure()` consider all jobs before it, not
 * only its direct needs.
 */
export const createJobScope = (facts: RunFacts, job: WorkflowJob, run: { results: JobResults; cancelled: boolean }): ExpressionScope => {
  const before = findNeededJobs(job, facts.workflow.jobs);
  const conclusionsOf = (names: readonly string[]): readonly (string | undefined)[] =>
    (names.length > 0 ? names : [...before]).map((id) => run.results.get(id)?.conclusion);
  return {
    contexts: {
      ...createRunContexts(facts),
      needs: createNeedsContext(job, run.results),
      strategy: toExpressionValue({}),
      matrix: toExpressionValue(null),
    },
    functions: createStatusFunctions({
      success: (names) => !run.cancelled && conclusionsOf(names).every((end) => end === "success"),
      failure: (names) => !run.cancelled && conclusionsOf(names).includes("failure"),
      cancelled: run.cancelled,
    }),
  };
};
