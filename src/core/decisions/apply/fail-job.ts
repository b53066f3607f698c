import { isPlanning } from "../../domain/execution.ts";
import type { Sha } from "../../domain/ids.ts";
import type { Job } from "../../domain/job.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { fail } from "../../domain/step-lifecycle.ts";
import { findOpenConflict } from "../../domain/step.ts";
import { readTrialTarget } from "../../domain/trial.ts";
import type { StepWriter, ExecutionWriter, QueueWriter } from "../decision-transaction.ts";
import { failPlanning } from "./plan-result.ts";
import { findStep, type StepContext } from "../find-step.ts";
import { failTrial } from "./trial-result.ts";

/** Fails the plan, step, candidate or resolution whose job can never run: another attempt would end in the same way. */
export const failJob = (tx: StepWriter & ExecutionWriter & QueueWriter, job: Job, refusal: Refusal): void => {
  if (job.kind === "plan") {
    const execution = tx.execution(job.target);
    if (execution && isPlanning(execution)) failPlanning(tx, execution, refusal);
    return;
  }
  if (job.kind === "verify")
    return readTrialTarget(job.target) === null ? freezeRefusedVerify(tx, job.target, refusal) : failTrial(tx, job, refusal);
  const found = findStep(tx, job.target);
  if (!found) return;
  if (job.kind === "resolve") return failRefusedResolution(tx, { ...found, job }, refusal);
  const { execution, step } = found;
  if (step.state === "running") tx.putStep(execution.id, fail(step, refusal));
};

const failRefusedResolution = (tx: StepWriter, { execution, step, job }: StepContext & { job: Job }, refusal: Refusal): void => {
  const resolution = findOpenConflict(step);
  if (resolution?.attempt !== job.attempt) return;
  const why = { ...refusal, code: "unresolved", next: `/enki retry ${job.target}` };
  tx.putStep(execution.id, fail({ ...step, resolution: { ...resolution, deadline: null } }, why));
};

/** Freezes the queue immediately instead of after each attempt's deadline. A person's retry builds the candidate again. */
const freezeRefusedVerify = (tx: QueueWriter, commit: Sha, frozen: Refusal): void => {
  for (const [base, queue] of Object.entries(tx.ledger().queues)) {
    const candidates = queue.candidates.filter((candidate) => candidate.commit !== commit);
    if (candidates.length < queue.candidates.length) tx.putQueue(base, { ...queue, candidates, frozen: queue.frozen ?? frozen });
  }
};
