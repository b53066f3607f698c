import type { Config } from "../core/domain/config.ts";
import type { Execution } from "../core/domain/execution.ts";
import { readTaskId, type Sha, type TaskId, toTaskId } from "../core/domain/ids.ts";
import type { Job } from "../core/domain/job.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { readOwn } from "../core/domain/own-record.ts";
import type { Candidate, Queue } from "../core/domain/queue.ts";
import { accept, type Result } from "../core/domain/refusal.ts";
import { findTriedStep, type TriedStep } from "../core/domain/tried-step.ts";
import { listKnownFlakes } from "../core/refinery/flaky-checks.ts";
import { composeJobSpec, type JobClaim, refuseNotRunning } from "./compose-job-spec.ts";
import type { JobSpec } from "./job-spec.ts";

/** The repository's verify commands and those of the plan, each once. */
export const listVerifyCommands = ({ refinery }: Pick<Config, "refinery">, own: readonly string[]): readonly string[] => [
  ...new Set([...refinery.verify, ...own]),
];

const isAwaitingVerdict = ({ commit, runs }: Candidate, job: Job): boolean =>
  commit === job.target && runs.some(({ attempt, verdict }) => attempt === job.attempt && verdict === null);

/** The candidate that this attempt verifies, and an execution with work in its queue. */
const findCandidateToVerify = (ledger: Ledger, job: Job): { queue: Queue; candidate: Candidate; execution: Execution } | null => {
  for (const queue of Object.values(ledger.queues)) {
    const { items, candidates } = queue;
    const candidate = candidates.find((each) => isAwaitingVerdict(each, job));
    // A base without items is verified for the first item in the queue.
    const { task = "" } = candidate?.items[0] ?? items[0] ?? {};
    const execution = readOwn(ledger.executions, readTaskId(task)?.execution ?? "");
    if (candidate && execution) return { queue, candidate, execution };
  }
  return null;
};

/** The verify commands that the plan adds for a step. */
const listStepVerifyCommands = (ledger: Ledger, task: TaskId): readonly string[] => {
  const id = readTaskId(task);
  const plan = ledger.plans[readOwn(ledger.executions, id?.execution ?? "")?.plan ?? ""];
  return plan?.steps.find((each) => each.id === id?.step)?.verify ?? [];
};

/** A trial runs what a candidate with the step alone would run. */
const claimTrial = (claim: JobClaim, { execution, step, trial }: TriedStep): Result<JobSpec> => {
  const { ledger, config } = claim;
  if (config.broken !== null || config.refinery.verify.length === 0) return refuseNotRunning(claim);
  const own = listStepVerifyCommands(ledger, toTaskId(execution.id, step.id));
  const verifying = {
    baseCommit: trial.commit,
    onto: trial.onto,
    verify: listVerifyCommands(config, own),
    queue: readOwn(ledger.queues, execution.baseBranch),
  };
  return accept(composeVerifySpec(claim, execution, verifying));
};

type VerifiedCommit = {
  readonly baseCommit: Sha;
  readonly onto: Sha;
  readonly verify: readonly string[];
  readonly queue: Queue | undefined;
};

const composeVerifySpec = (claim: JobClaim, execution: Execution, { baseCommit, onto, verify, queue }: VerifiedCommit): JobSpec => {
  const { agents, refinery } = claim.config;
  const flakes = listKnownFlakes(queue?.flakiness).filter(({ command }) => verify.includes(command));
  return composeJobSpec(claim, execution, {
    agent: agents.worker,
    baseCommit,
    timeoutMs: refinery.timeoutMs,
    verify,
    ...(flakes.length > 0 && { repeat: { onto, flakes } }),
  });
};

/** Builds the spec of a verify job, for a candidate or for a trial. Refusal: `not-running`. */
export const claimVerify = (claim: JobClaim): Result<JobSpec> => {
  const { ledger, config, job } = claim;
  const tried = findTriedStep(ledger, job);
  if (tried) return claimTrial(claim, tried);
  const found = findCandidateToVerify(ledger, job);
  if (!found) return refuseNotRunning(claim);
  const { queue, candidate, execution } = found;
  const own = candidate.items.flatMap(({ task }) => listStepVerifyCommands(ledger, task));
  // Without the repository's verify commands, the step's own would not be a sufficient verification.
  const verify = config.broken === null ? listVerifyCommands(config, own) : [];
  return accept(composeVerifySpec(claim, execution, { baseCommit: candidate.commit, onto: candidate.onto, verify, queue }));
};
