import { type Data, type Scope, statusFunctions, toData } from "./expression.ts";
import { type RunFacts, runContexts } from "./facts.ts";
import type { JobResult } from "./job.ts";
import type { WorkflowJob } from "./workflow.ts";

export type Results = ReadonlyMap<string, JobResult>;

const ancestors = (job: WorkflowJob, jobs: readonly WorkflowJob[]): ReadonlySet<string> => {
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
export const needsData = (job: WorkflowJob, results: Results): Data =>
  toData(
    Object.fromEntries(
      job.needs.map((id) => [id, { result: results.get(id)?.conclusion ?? "skipped", outputs: results.get(id)?.outputs ?? {} }]),
    ),
  );

/** What a job's own expressions see. As on GitHub `success()` and `failure()` speak of all jobs before it, not only of those that it names. */
export const jobScope = (facts: RunFacts, job: WorkflowJob, of: { results: Results; cancelled: boolean }): Scope => {
  const before = ancestors(job, facts.workflow.jobs);
  const ends = (names: readonly string[]): readonly (string | undefined)[] =>
    (names.length > 0 ? names : [...before]).map((id) => of.results.get(id)?.conclusion);
  return {
    contexts: { ...runContexts(facts), needs: needsData(job, of.results), strategy: toData({}), matrix: toData(null) },
    functions: statusFunctions({
      success: (names) => !of.cancelled && ends(names).every((end) => end === "success"),
      failure: (names) => !of.cancelled && ends(names).includes("failure"),
      cancelled: of.cancelled,
    }),
  };
};
