import type { Execution } from "../domain/execution.ts";
import { type BranchName, hashValue, readTaskId, type Sha, type TaskId } from "../domain/ids.ts";
import { formatCommandSource, type LandingPolicy, type LandingProof } from "../domain/landing-proof.ts";
import type { Candidate, VerdictRun } from "../domain/queue.ts";
import { toBranchRef } from "../domain/refs.ts";
import type { Step } from "../domain/step.ts";
import type { LedgerReader, QueueWriter } from "./decision-transaction.ts";
import { listStepDecisions } from "./reconcile/step-decisions.ts";
import { findVerifyRun } from "./step-verification.ts";

/** Trees whose runs a queue remembers: a verdict is mostly reused right after its run. */
const MAX_VERDICT_RUNS = 30;

/** Remembers the runs of green candidates, because a later candidate with the same tree reuses their verdicts. */
export const recordVerdictRuns = (tx: QueueWriter, base: string): void => {
  const queue = tx.queue(base);
  const known = queue.verdictRuns ?? [];
  const added = queue.candidates.flatMap((candidate): VerdictRun[] => {
    const run = findOwnRun(tx, candidate);
    return run && !known.some(({ tree }) => tree === candidate.tree) ? [run] : [];
  });
  if (added.length > 0) tx.recordQueue(base, { ...queue, verdictRuns: [...known, ...added].slice(-MAX_VERDICT_RUNS) });
};

/** The candidate's own green run; a reused verdict has none. */
const findOwnRun = (tx: LedgerReader, { commit, tree, runs }: Candidate): VerdictRun | null => {
  const green = runs.findLast(({ verdict, attempt }) => verdict === "green" && attempt > 0);
  return green ? { tree, commit, run: findVerifyRun(tx, commit, green.attempt) } : null;
};

/** The run behind a candidate's verdict: its own, or that of an earlier candidate with the same tree. */
export const findVerdictRun = (tx: LedgerReader, base: BranchName, candidate: Candidate): VerdictRun =>
  findOwnRun(tx, candidate) ??
  tx.queue(base).verdictRuns?.findLast(({ tree }) => tree === candidate.tree) ?? {
    tree: candidate.tree,
    commit: candidate.commit,
    run: null,
  };

type ProvenLanding = {
  readonly execution: Execution;
  readonly step: Step;
  readonly candidate: Candidate;
  readonly tip: Sha;
  readonly method: LandingProof["method"];
  readonly tasks: readonly TaskId[];
  /** By default the present policy. */
  readonly policy?: LandingPolicy | undefined;
};

/** The policy in force now. */
export const readPolicy = ({ snapshot: { config, defaultBranch, refs } }: LedgerReader): LandingPolicy => ({
  branch: defaultBranch,
  commit: refs[toBranchRef(defaultBranch)] ?? null,
  digest: hashValue(config),
});

/** Collects the proof of a step's landing. Without a green run there is none. */
const collectLandingProof = (tx: LedgerReader, landing: ProvenLanding): LandingProof | null => {
  const { execution, step, candidate, tip, method, tasks, policy = readPolicy(tx) } = landing;
  const { commit, tree, onto, runs } = candidate;
  if (!runs.some(({ verdict }) => verdict === "green") || execution.plan === null || !step.head) return null;
  const verdict = findVerdictRun(tx, execution.baseBranch, candidate);
  const { approved } = execution;
  return {
    onto,
    tip,
    method,
    candidate: { commit, tree },
    verdict: { commit: verdict.commit, run: verdict.run },
    tasks,
    attempt: step.attempt,
    head: step.head.sha,
    pull: step.pull,
    plan: execution.plan,
    approval: approved && { by: approved.by, at: approved.at, source: approved.source ? formatCommandSource(approved.source) : null },
    reviews: step.approvals?.head === step.head.sha ? step.approvals.reviews : [],
    decisions: listStepDecisions(tx, execution, step.id),
    policy,
  };
};

/** The landing of a step as the ledger records it. */
export const toProvenLanding = (
  tx: LedgerReader,
  landing: Omit<ProvenLanding, "execution" | "step"> & { readonly task: TaskId; readonly commit: Sha },
): { readonly commit: Sha; readonly at: number; readonly proof?: LandingProof } => {
  const id = readTaskId(landing.task);
  const execution = id && tx.execution(id.execution);
  const step = id && execution?.steps[id.step];
  const proof = execution && step ? collectLandingProof(tx, { ...landing, execution, step }) : null;
  return { commit: landing.commit, at: tx.now, ...(proof && { proof }) };
};
