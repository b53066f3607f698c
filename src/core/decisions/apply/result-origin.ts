import type { Event } from "../../domain/event.ts";
import type { RunArtifactInfo, WorkflowRunInfo } from "../../domain/github-facts.ts";
import type { Millis, Sha } from "../../domain/ids.ts";
import { type Job, type JobEnd, toJobKey } from "../../domain/job.ts";
import { toVerifiedCommit } from "../../domain/trial.ts";
import { toQueryKey } from "../../domain/query.ts";
import { isOwnRun, type RunStarter } from "../../policy/run-origin.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { MINUTE_MS } from "../../domain/durations.ts";
import { type Known, mapKnown, UNKNOWN } from "../../domain/known.ts";

type ResultedEvent = Extract<Event, { kind: "resulted" }>;

/**
 * Why a result is not from the run of its job. `no-run`: the run does not exist. `other-run`: Enki did not start the run. `other-job`: the
 * run has the name of another job. `ran-again`: a person ran the run again. `other-workflow`: the workflow file was never on the default
 * branch. `other-end`: the run ended in another way than the result says. `other-candidate`: the verdict is about another commit.
 * `no-artifact`: the run ended without the artifact of the result.
 */
type ForgeryCode = "no-run" | "other-run" | "other-job" | "ran-again" | "other-workflow" | "other-end" | "other-candidate" | "no-artifact";

/** `unknown`: GitHub does not show the origin yet, and is asked again at `askAt`. */
export type ResultOrigin =
  | { readonly kind: "proven" }
  | { readonly kind: "unknown"; readonly askAt: Millis }
  | { readonly kind: "forged"; readonly code: ForgeryCode };

const forged = (code: ForgeryCode): ResultOrigin => ({ kind: "forged", code });

/** Milliseconds before GitHub is asked again: half the time since the run last changed, within these limits. */
const ASK_PAUSE_MS = { least: 5_000, most: 10 * MINUTE_MS };

const askLater = ({ now }: LedgerReader, since: Millis): ResultOrigin => ({
  kind: "unknown",
  askAt: now + Math.min(ASK_PAUSE_MS.most, Math.max(ASK_PAUSE_MS.least, (now - since) / 2)),
});

/**
 * Whether a result is from the run that Enki started for its job. Everybody with permission to push can create a result's ref; only a run's
 * own code can upload an artifact to the run.
 */
export const checkResultOrigin = (tx: DecisionReader, job: Job, { commit, result }: ResultedEvent): Known<ResultOrigin> => {
  if (job.kind === "verify" && result.baseCommit !== toVerifiedCommit(job)) return forged("other-candidate");
  const known = tx.effectRecord(`start-job:${toJobKey(job)}`)?.number ?? null;
  const run = checkResultRun(tx, { job, run: result.run, end: result.end, isKnown: known === result.run });
  if (run === UNKNOWN || run.kind !== "proven") return run;
  return checkResultArtifact(tx, result.run, commit);
};

type ClaimedRun = { readonly job: Job; readonly run: number; readonly end: JobEnd; readonly isKnown: boolean };

/** Whether Enki started a run for a job. The ledger usually knows; if GitHub's answer to the start was lost, GitHub is asked. */
const checkResultRun = (tx: DecisionReader, claim: ClaimedRun): Known<ResultOrigin> => {
  const listed = findListedRun(tx, claim.run);
  if (claim.isKnown) return listed && hasOtherEnd(listed, claim) ? forged("other-end") : { kind: "proven" };
  const run = listed ?? tx.readFact<"run">({ kind: "run", run: claim.run });
  if (run === UNKNOWN) return UNKNOWN;
  if (run === "unreadable") return askLater(tx, tx.now);
  if (run === "missing") return forged("no-run");
  const fault = findRunFault(run, claim, tx.snapshot);
  return fault === null ? checkWorkflowCommit(tx, run.commit) : forged(fault);
};

/** The run, if a listing of the decision contains the run. */
const findListedRun = ({ snapshot }: LedgerReader, id: number): WorkflowRunInfo | undefined => {
  const listing = snapshot.facts.get(toQueryKey({ kind: "runs" }));
  return listing?.kind === "runs" ? listing.answer.find((each) => each.id === id) : undefined;
};

const findRunFault = (run: WorkflowRunInfo, claim: ClaimedRun, starter: RunStarter): ForgeryCode | null => {
  if (!isOwnRun(run, starter)) return "other-run";
  if (run.name !== toJobKey(claim.job)) return "other-job";
  if (run.attempt !== 1 || run.lastStartedBy !== starter.botLogin) return "ran-again";
  return hasOtherEnd(run, claim) ? "other-end" : null;
};

/** Whether a finished run cannot have ended as its result says: a failed run has no green verdict, and a successful run no red verdict. */
const hasOtherEnd = ({ state, conclusion }: WorkflowRunInfo, { job, end }: ClaimedRun): boolean => {
  if (state !== "done") return false;
  if (end === "success" || end === "artifact" || end === "unchanged") return conclusion !== "success";
  return job.kind === "verify" && end === "failed" && conclusion === "success";
};

/** The default branch may have been rewound since the start. */
const checkWorkflowCommit = (tx: DecisionReader, commit: Sha): Known<ResultOrigin> => {
  const { defaultBranch } = tx.snapshot;
  const { seenTip, landedTip, abandonedTips } = tx.queue(defaultBranch);
  if ([seenTip, landedTip, ...(abandonedTips ?? [])].includes(commit)) return { kind: "proven" };
  const tip = tx.baseTip(defaultBranch);
  const isContained = tip !== null && (tip === commit || tx.readFact<"contains">({ kind: "contains", commit, tip }));
  return mapKnown(isContained, (contained) => (contained ? { kind: "proven" } : forged("other-workflow")));
};

/** A run uploads the artifact before it creates the ref. */
const checkResultArtifact = (tx: DecisionReader, run: number, result: Sha): Known<ResultOrigin> => {
  const artifact = tx.readFact<"result-artifact">({ kind: "result-artifact", run, result });
  if (artifact === UNKNOWN) return UNKNOWN;
  if (artifact === "unreadable") return askLater(tx, tx.now);
  if (artifact !== "missing") return isArtifactOf(artifact, run, tx.snapshot) ? { kind: "proven" } : forged("no-artifact");
  const now = tx.readFact<"run">({ kind: "run", run });
  if (now === UNKNOWN) return UNKNOWN;
  if (now === "unreadable") return askLater(tx, tx.now);
  return now === "missing" || now.state === "done" ? forged("no-artifact") : askLater(tx, now.updatedAt);
};

const isArtifactOf = (artifact: RunArtifactInfo, run: number, { defaultBranch }: RunStarter): boolean =>
  artifact.run === run && (artifact.branch === null || artifact.branch === defaultBranch);
