import type { Execution } from "../domain/execution.ts";
import { type BranchName, readTaskId, type Sha } from "../domain/ids.ts";
import { toJobKey } from "../domain/job.ts";
import { type Candidate, isGreen } from "../domain/queue.ts";
import type { Step, StepVerification } from "../domain/step.ts";
import type { LedgerReader, StepWriter } from "./decision-transaction.ts";

type StepOfExecution = { readonly execution: Execution; readonly step: Step };

/** The id of a verify run, if known. */
export const findVerifyRun = (tx: LedgerReader, commit: Sha, attempt: number): number | null =>
  tx.effectRecord(`start-job:${toJobKey({ kind: "verify", target: commit, attempt })}`)?.number ?? null;

const toVerification = (
  tx: LedgerReader,
  { commit, runs }: Pick<Candidate, "commit" | "runs">,
  { head, passed }: Pick<StepVerification, "head" | "passed">,
): StepVerification => {
  const run = runs.findLast(({ verdict }) => verdict === (passed ? "green" : "red"));
  return { head, commit, run: run ? findVerifyRun(tx, commit, run.attempt) : null, passed };
};

/** Records the commit and the run in which heads of steps passed. A candidate leaves the queue as soon as its verdict is used. */
export const recordPasses = (tx: StepWriter, base: BranchName): void => {
  for (const candidate of tx.queue(base).candidates.filter((each) => isGreen(each))) {
    for (const { task, head } of candidate.items) {
      const id = readTaskId(task);
      const step = id && tx.execution(id.execution)?.steps[id.step];
      if (!id || step?.head?.sha !== head || isKnown(step, candidate.commit)) continue;
      tx.recordStep(id.execution, { ...step, verification: toVerification(tx, candidate, { head, passed: true }) });
    }
  }
};

const isKnown = ({ verification }: Step, commit: Sha): boolean => verification?.commit === commit && verification.passed;

/** The step with the verdict that removed its head from the queue. */
export const withFailedVerification = (tx: LedgerReader, { execution, step }: StepOfExecution, commit: Sha | null): Step => {
  if (commit === null || !step.head) return step;
  const runs = tx.queue(execution.baseBranch).candidates.find((each) => each.commit === commit)?.runs ?? [];
  return { ...step, verification: toVerification(tx, { commit, runs }, { head: step.head.sha, passed: false }) };
};
