import { type ExpressionValue, type ExpressionScope, createStatusFunctions, toExpressionValue } from "./evaluate-expression.ts";
import { type RunFacts, createRunContexts } from "./run-facts.ts";
import type { FinishedJob } from "./start-workflow-job.ts";
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

/** The `needs` context of a job: result and outputs of those that it names. */
export const createNeedsContext = (job: WorkflowJob, results: JobResults): ExpressionValue =>
  toExpressionValue(
    Object.fromEntries(
      job.needs.map((id) => [id, { result: results.get(id)?.conclusion ?? "skipped", outputs: results.get(id)?.outputs ?? {} }]),
    ),
  );

/** What a job's own expressions see. As on GitHub `success()` and `failure()` speak of all jobs before it, not only of those that it names. */
export const createJobScope = (facts: RunFacts, job: WorkflowJob, of: { results: JobResults; cancelled: boolean }): ExpressionScope => {
  const before = findNeededJobs(job, facts.workflow.jobs);
  const ends = (names: readonly string[]): readonly (string | undefined)[] =>
    (names.length > 0 ? names : [...before]).map((id) => of.results.get(id)?.conclusion);
  return {
    contexts: {
      ...createRunContexts(facts),
      needs: createNeedsContext(job, of.results),
      strategy: toExpressionValue({}),
      matrix: toExpressionValue(null),
    },
    functions: createStatusFunctions({
      success: (names) => !of.cancelled && ends(names).every((end) => end === "success"),
      failure: (names) => !of.cancelled && ends(names).includes("failure"),
      cancelled: of.cancelled,
    }),
  };
};
