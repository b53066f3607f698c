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
import { faultCandidate } from "../apply/resulted.ts";
import type { Draft } from "../draft.ts";
import { batchRef } from "../landings.ts";

/** How often checks are read while nobody tells of them, in milliseconds. */
const POLL = 60_000;

/**
 * Reads the required checks of candidates whose verify job was green, and of what is about to land: a verdict is both together.
 * A check that was run again counts as it is now, until the candidate has landed.
 */
export const reconcileGate = (draft: Draft): void => {
  for (const [base, queue] of Object.entries(draft.ledger().queues)) {
    if (!queue.landingTerms || !hasRequiredChecks(queue.landingTerms)) continue;
    const tip = draft.base(base);
    const candidates = queue.candidates.map((each) => read(draft, queue, { candidate: each, landing: each.onto === tip && isGreen(each) }));
    if (candidates.some((each, at) => each !== queue.candidates[at])) draft.putQueue(base, { ...queue, candidates });
  }
};

type Reading = { readonly candidate: Candidate; readonly landing: boolean };

const read = (draft: Draft, queue: Queue, { candidate, landing }: Reading): Candidate => {
  const lost = candidate.runs.find((run) => run.verdict === null && isCut(draft, candidate.commit, run));
  if (lost) return faultCandidate(draft, candidate, { attempt: lost.attempt, why: "a person deleted its branch" });
  const open = candidate.runs.find((run) => (landing ? run.verdict === "green" : run.verdict !== "green" && run.verified));
  if (!open) return candidate;
  const judged = judgeAll(draft, { candidate, run: open }, queue.landingTerms);
  return judged ? settle(draft, { candidate, run: open }, judged) : candidate;
};

/** What all required checks say together: those on the candidate, and those on the heads of its pull requests. Undefined while they are not read. */
const judgeAll = (draft: Draft, of: Open, terms: LandingTerms | undefined): CheckVerdict | undefined => {
  const required = terms?.checks ?? [];
  const heads = terms?.headChecks ?? [];
  const checks = required.length === 0 ? [] : draft.ask<"checks">({ kind: "checks", commit: of.candidate.commit });
  const onHeads = heads.length === 0 ? [] : of.candidate.items.map(({ head }) => draft.ask<"checks">({ kind: "checks", commit: head }));
  if (!checks) return undefined;
  const judged: CheckVerdict[] = required.length === 0 ? [] : [judge(draft, of, { required, checks })];
  for (const found of onHeads) {
    if (!found) return undefined;
    judged.push(evaluateChecks(heads, found, 0));
  }
  return pickDecisiveVerdict(judged);
};

type Open = { readonly candidate: Candidate; readonly run: VerifyRun };
type Said = { readonly required: readonly RequiredCheck[]; readonly checks: readonly Check[] };

/** Where all checks count, more may begin a moment after the last was green: that is waited for. */
const judge = (draft: Draft, { candidate, run }: Open, { required, checks }: Said): CheckVerdict => {
  const asked = draft.trace(verifyKey(candidate.commit, run.attempt))?.at ?? 0;
  const found = candidate.items.length === 0 ? selectBaseChecks(required, checks, asked) : checks;
  // The first attempt counts whatever was said of the commit; a later one only what is red since it began.
  const judged = evaluateChecks(required, found, run.attempt === 1 ? 0 : asked);
  const until = judged.means === "green" ? findQuietEnd(required, found, draft.snapshot.config.refinery.quietMs) : 0;
  if (until <= draft.now) return judged;
  draft.wake(until);
  return { means: "wait", reason: "Another check may begin" };
};

const verifyKey = (commit: Sha, attempt: number): string => `start-job:${toJobKey({ kind: "verify", target: commit, attempt })}`;

const settle = (draft: Draft, { candidate, run }: Open, judged: CheckVerdict): Candidate => {
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
      draft.note(`candidate ${candidate.commit.slice(0, 12)}: ${judged.reason}`);
      // It is read again as long as it may be run again to green.
      return put({ ...run, verified: true, verdict: "red", deadline: null }, judged.reason);
    case "fault":
      return run.verdict === "red" ? candidate : faultCandidate(draft, candidate, { attempt: run.attempt, why: judged.reason });
    case "wait":
      if (run.verdict === "red") return candidate;
      return (
        wait(draft, { candidate, run }, judged) ??
        put({ ...run, verdict: null, verified: true, deadline: draft.now + draft.snapshot.config.refinery.timeoutMs })
      );
  }
};

const wait = (draft: Draft, { candidate, run }: Open, judged: CheckVerdict): Candidate | null => {
  if (run.verdict === "green" || run.deadline === null) return null;
  draft.wake(Math.min(run.deadline, draft.now + POLL));
  return draft.now < run.deadline
    ? candidate
    : faultCandidate(draft, candidate, { attempt: run.attempt, why: describeOverdueCheck(judged) });
};

/** True where the branch of a run that was begun is gone: what checks it is likely cancelled. */
const isCut = (draft: Draft, commit: Sha, { attempt, deadline }: VerifyRun): boolean =>
  deadline !== null &&
  draft.snapshot.ledger.effectRecords[verifyKey(commit, attempt)] !== undefined &&
  draft.ref(branchOf(commit, attempt)) === null;

/** A fresh branch for each attempt: a push of it starts what checks branches, also on a commit that was checked before. */
const branchOf = (commit: Sha, attempt: number): string => toBranchRef(toCandidateBranch(hashValue([commit, attempt]).slice(0, 12)));

/** Gives every candidate under verification a branch that checks see, and takes away those that nobody needs; never one that a person moved. */
export const reconcileCandidateBranches = (draft: Draft): void => {
  const runs = Object.values(draft.ledger().queues).flatMap((queue) => checkedRuns(queue));
  for (const { branch, commit, open, byHand } of runs) {
    if (!open || draft.ref(branch) !== null) continue;
    draft.move(branch, commit);
    for (const workflow of byHand) startByHand(draft, { workflow, branch, commit });
  }
  const batches = Object.values(draft.ledger().queues).flatMap(({ landing }) => (landing ? [batchRef(landing.candidate.commit)] : []));
  const kept = new Set([...runs.map(({ branch }) => branch), ...batches]);
  const ours = new Set(Object.keys(draft.snapshot.refs).flatMap((ref) => readCandidateRef(ref)?.commit ?? []));
  for (const [ref, at] of Object.entries(draft.snapshot.refs)) {
    if (readCandidateBranch(ref) !== null && !kept.has(ref) && ours.has(at)) draft.tidy(ref);
  }
};

/** A workflow that no push starts is started on the branch of the candidate, once for each of its branches. */
const startByHand = (draft: Draft, { workflow, branch }: { workflow: string; branch: string; commit: Sha }): void => {
  const name = branch.slice(toBranchRef("").length);
  draft.post({ kind: "start-workflow", key: `start-workflow:${workflow}/${name}`, workflow, branch: name });
};

type CheckedRun = { readonly branch: string; readonly commit: Sha; readonly open: boolean; readonly byHand: readonly string[] };

const checkedRuns = ({ landingTerms, candidates }: Queue): CheckedRun[] =>
  landingTerms && hasRequiredChecks(landingTerms)
    ? candidates.flatMap(({ commit, runs }) =>
        runs.map(({ attempt, verdict, deadline }) => ({
          branch: branchOf(commit, attempt),
          commit,
          open: verdict === null && deadline !== null,
          byHand: landingTerms.dispatchedWorkflows ?? [],
        })),
      )
    : [];
