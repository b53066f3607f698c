import { hashValue, type Sha } from "../../domain/ids.ts";
import { toJobKey } from "../../domain/job.ts";
import { type Candidate, hasRequiredChecks, isGreen, type Queue, type LandingTerms, type VerifyRun } from "../../domain/queue.ts";
import type { Check, RequiredCheck } from "../../domain/github-facts.ts";
import { toBranchRef, toCandidateBranch, readCandidateBranch, readCandidateRef } from "../../domain/refs.ts";
import {
  evaluateChecks,
  type CheckVerdict,
  describeOverdueCheck,
  selectBaseChecks,
  findQuietEnd,
  pickDecisiveVerdict,
} from "../../policy/evaluate-checks.ts";
import { readRetryClock, retryVerifyRun } from "../apply/verify-result.ts";
import type { DecisionReader, LedgerReader, NoteWriter, QueueWriter, RefWriter, EffectWriter } from "../decision-transaction.ts";
import { toBatchRef } from "../landings.ts";
import { MINUTE_MS } from "../../domain/durations.ts";
import { collectKnown, type Known, UNKNOWN } from "../../domain/known.ts";

/** Milliseconds between two reads of checks if no event reports a change. */
const CHECK_POLL_MS = MINUTE_MS;

/**
 * Reads the required checks of candidates with a green verify job and of the candidate about to land; a verdict needs both. A check that
 * was run again counts with its new result until the candidate lands.
 */
export const reconcileRequiredChecks = (tx: QueueWriter): void => {
  for (const [base, queue] of Object.entries(tx.ledger().queues)) {
    if (!queue.landingTerms || !hasRequiredChecks(queue.landingTerms)) continue;
    const tip = tx.baseTip(base);
    const candidates = queue.candidates.map((each) =>
      applyRequiredChecks(tx, queue, { candidate: each, isLanding: each.onto === tip && isGreen(each) }),
    );
    if (candidates.some((each, at) => each !== queue.candidates[at])) tx.putQueue(base, { ...queue, candidates });
  }
};

type CheckedCandidate = { readonly candidate: Candidate; readonly isLanding: boolean };

const applyRequiredChecks = (tx: NoteWriter, queue: Queue, { candidate, isLanding }: CheckedCandidate): Candidate => {
  const lost = candidate.runs.find((run) => run.verdict === null && isVerifyBranchDeleted(tx, candidate.commit, run));
  if (lost) return retryVerifyRun(readRetryClock(tx), candidate, { attempt: lost.attempt, reason: "a person deleted its branch" });
  const open = candidate.runs.find((run) => (isLanding ? run.verdict === "green" : run.verdict !== "green" && run.verified));
  if (!open) return candidate;
  const judged = evaluateAllChecks(tx, { candidate, run: open }, queue.landingTerms);
  return judged === UNKNOWN ? candidate : applyCheckVerdict(tx, { candidate, run: open }, judged);
};

/** The combined verdict of the required checks on the candidate and on the heads of its pull requests. */
const evaluateAllChecks = (tx: DecisionReader, of: OpenRun, terms: LandingTerms | undefined): Known<CheckVerdict> => {
  const required = terms?.checks ?? [];
  const heads = terms?.headChecks ?? [];
  const checks = required.length === 0 ? [] : tx.readFact<"checks">({ kind: "checks", commit: of.candidate.commit });
  const checkedHeads = heads.length === 0 ? [] : of.candidate.items.map(({ head }) => head);
  const onHeads = collectKnown(checkedHeads.map((commit) => tx.readFact<"checks">({ kind: "checks", commit })));
  if (checks === UNKNOWN || onHeads === UNKNOWN) return UNKNOWN;
  const onCandidate = required.length === 0 ? [] : [evaluateCandidateChecks(tx, of, { required, checks })];
  return pickDecisiveVerdict([...onCandidate, ...onHeads.map((found) => evaluateChecks(heads, found, 0))]);
};

type OpenRun = { readonly candidate: Candidate; readonly run: VerifyRun };
type CheckReadings = { readonly required: readonly RequiredCheck[]; readonly checks: readonly Check[] };

/**
 * The verdict of the checks on the candidate. If all checks count, more may start shortly after the last green one, so a green verdict
 * waits for a quiet period.
 */
const evaluateCandidateChecks = (tx: DecisionReader, { candidate, run }: OpenRun, { required, checks }: CheckReadings): CheckVerdict => {
  const asked = tx.effectRecord(toVerifyKey(candidate.commit, run.attempt))?.at ?? 0;
  const found = candidate.items.length === 0 ? selectBaseChecks(required, checks, asked) : checks;
  // The first attempt counts every check on the commit; later attempts count only checks that turned red after the attempt started.
  const judged = evaluateChecks(required, found, run.attempt === 1 ? 0 : asked);
  const until = judged.means === "green" ? findQuietEnd(required, found, tx.snapshot.config.refinery.quietMs) : 0;
  if (until <= tx.now) return judged;
  tx.wakeAt(until);
  return { means: "wait", reason: "Another check may begin" };
};

const toVerifyKey = (commit: Sha, attempt: number): string => `start-job:${toJobKey({ kind: "verify", target: commit, attempt })}`;

const applyCheckVerdict = (tx: NoteWriter, { candidate, run }: OpenRun, judged: CheckVerdict): Candidate => {
  const put = (to: VerifyRun, log = candidate.log): Candidate => {
    const faults = to.verdict === null ? candidate.faults : 0;
    return { ...candidate, faults, log, runs: candidate.runs.map((each) => (each === run ? to : each)) };
  };
  const { verified: _, ...rest } = run;
  switch (judged.means) {
    case "green":
      return run.verdict === "green" ? candidate : put({ ...rest, verdict: "green", deadline: null });
    case "red":
      if (run.verdict === "red") return candidate;
      tx.note(`candidate ${candidate.commit.slice(0, 12)}: ${judged.reason}`);
      // Keep reading the checks, because a person may run them again until they are green.
      return put({ ...run, verified: true, verdict: "red", deadline: null }, judged.reason);
    case "fault":
      return run.verdict === "red"
        ? candidate
        : retryVerifyRun(readRetryClock(tx), candidate, { attempt: run.attempt, reason: judged.reason });
    case "wait":
      if (run.verdict === "red") return candidate;
      return (
        awaitCheckVerdict(tx, { candidate, run }, judged) ??
        put({ ...run, verdict: null, verified: true, deadline: tx.now + tx.snapshot.config.refinery.timeoutMs })
      );
  }
};

const awaitCheckVerdict = (tx: DecisionReader, { candidate, run }: OpenRun, judged: CheckVerdict): Candidate | null => {
  if (run.verdict === "green" || run.deadline === null) return null;
  tx.wakeAt(Math.min(run.deadline, tx.now + CHECK_POLL_MS));
  return tx.now < run.deadline
    ? candidate
    : retryVerifyRun(readRetryClock(tx), candidate, { attempt: run.attempt, reason: describeOverdueCheck(judged) });
};

/** Whether the branch of a started run was deleted: its checks were probably cancelled. */
const isVerifyBranchDeleted = (tx: LedgerReader, commit: Sha, { attempt, deadline }: VerifyRun): boolean =>
  deadline !== null &&
  tx.snapshot.ledger.effectRecords[toVerifyKey(commit, attempt)] !== undefined &&
  tx.ref(toVerifyBranch(commit, attempt)) === null;

/** Each attempt gets a new branch: its push starts branch checks even on a commit that was checked before. */
const toVerifyBranch = (commit: Sha, attempt: number): string => toBranchRef(toCandidateBranch(hashValue([commit, attempt]).slice(0, 12)));

/**
 * Pushes a branch for every candidate under verification and deletes unneeded branches, unless a person moved them.
 */
export const reconcileCandidateBranches = (tx: RefWriter & EffectWriter): void => {
  const runs = Object.values(tx.ledger().queues).flatMap((queue) => listVerifyBranches(queue));
  for (const { branch, commit, isOpen, dispatchedWorkflows } of runs) {
    if (!isOpen || tx.ref(branch) !== null) continue;
    tx.moveRef(branch, commit);
    for (const workflow of dispatchedWorkflows) startDispatchedWorkflow(tx, { workflow, branch, commit });
  }
  const batches = Object.values(tx.ledger().queues).flatMap(({ landing }) => (landing ? [toBatchRef(landing.candidate.commit)] : []));
  const kept = new Set([...runs.map(({ branch }) => branch), ...batches]);
  const ours = new Set(Object.keys(tx.snapshot.refs).flatMap((ref) => readCandidateRef(ref)?.commit ?? []));
  for (const [ref, at] of Object.entries(tx.snapshot.refs)) {
    if (readCandidateBranch(ref) !== null && !kept.has(ref) && ours.has(at)) tx.deleteRefLater(ref);
  }
};

/** Dispatches a workflow that no push starts, once for each candidate branch. */
const startDispatchedWorkflow = (tx: EffectWriter, { workflow, branch }: { workflow: string; branch: string; commit: Sha }): void => {
  const name = branch.slice(toBranchRef("").length);
  tx.enqueueEffect({ kind: "start-workflow", key: `start-workflow:${workflow}/${name}`, workflow, branch: name });
};

type VerifyBranch = {
  readonly branch: string;
  readonly commit: Sha;
  readonly isOpen: boolean;
  readonly dispatchedWorkflows: readonly string[];
};

const listVerifyBranches = ({ landingTerms, candidates }: Queue): VerifyBranch[] =>
  landingTerms && hasRequiredChecks(landingTerms)
    ? candidates.flatMap(({ commit, runs }) =>
        runs.map(({ attempt, verdict, deadline }) => ({
          branch: toVerifyBranch(commit, attempt),
          commit,
          isOpen: verdict === null && deadline !== null,
          dispatchedWorkflows: landingTerms.dispatchedWorkflows ?? [],
        })),
      )
    : [];
