import type { Job, JobResult } from "../../domain/job.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { backOffMs, MAX_FAULTS } from "../../domain/retry-policy.ts";
import type { HeadTrial } from "../../domain/trial.ts";
import { findTriedStep, toTrialJob, type TriedStep } from "../../domain/tried-step.ts";
import { takeLastChars } from "../../domain/visible-text.ts";
import type { LedgerReader, StepWriter } from "../decision-transaction.ts";

/** The ledger keeps what a person reads in the comment. */
const MAX_TRIAL_LOG_CHARS = 4_000;

export const putTrial = (tx: StepWriter, { execution, step }: Pick<TriedStep, "execution" | "step">, trial: HeadTrial): void => {
  tx.putStep(execution.id, { ...step, trial });
  tx.note(`${toTaskId(execution.id, step.id)}: its trial is ${trial.state}`);
};

/** Applies the end of a trial's verify job. Nothing but the step's trial changes. */
export const applyTrialResult = (tx: StepWriter, job: Job, result: JobResult): void => {
  const tried = findTriedStep(tx.ledger(), job);
  if (!tried) return;
  if (result.end !== "success" && result.end !== "failed") return retryTrial(tx, tried, result.reason || result.end);
  putTrial(tx, tried, toVerdict(tx, tried, result));
};

const toVerdict = (tx: LedgerReader, { trial }: TriedStep, { end, failures = [], output, run: proven }: JobResult): HeadTrial => {
  const { head, faults } = trial;
  const run = proven ?? tx.effectRecord(`start-job:${toTrialJob(trial)}`)?.number ?? null;
  if (end === "success") return { head, faults, state: "passed", run };
  const failed = failures.find(({ passedAgain }) => !passedAgain);
  return { head, faults, state: "failed", run, command: failed?.command ?? null, log: takeLastChars(output, MAX_TRIAL_LOG_CHARS) };
};

/** Repeats a trial without a verdict, up to the limit of faults. */
export const retryTrial = (tx: StepWriter, tried: TriedStep, reason: string): void => {
  const { head, faults: before } = tried.trial;
  const faults = before + 1;
  putTrial(
    tx,
    tried,
    faults > MAX_FAULTS
      ? { head, faults, state: "unknown", reason }
      : { head, faults, state: "waiting", notBefore: tx.now + backOffMs(faults) },
  );
};

/** Gives up a trial whose job can never run. */
export const failTrial = (tx: StepWriter, job: Job, { message }: Refusal): void => {
  const tried = findTriedStep(tx.ledger(), job);
  if (tried) putTrial(tx, tried, { head: tried.trial.head, faults: tried.trial.faults, state: "unknown", reason: message });
};
