import { land } from "../domain/step-lifecycle.ts";
import { followsRules } from "../domain/decision.ts";
import { digestEffect, type Effect } from "../domain/effect.ts";
import { type BranchName, hashValue, readTaskId, type Sha, toTaskId } from "../domain/ids.ts";
import type { Candidate, Landing, Queue } from "../domain/queue.ts";
import { ENKI_STATUS_CONTEXT } from "../domain/github-facts.ts";
import { toBranchRef, toCandidateBranch } from "../domain/refs.ts";
import { LANDING_TEXT, REUSED_TEXT, renderCandidateStatus } from "../messages/status-text.ts";
import type { LedgerReader, StepWriter, EffectWriter } from "./decision-transaction.ts";
import { findVerdictRun, readPolicy, toProvenLanding } from "./landing-proofs.ts";
import { toRunUrl } from "./run-links.ts";

/** A landing by GitHub. It is saved before GitHub is asked to merge. */
export const createLanding = (tx: LedgerReader, { landingTerms }: Queue, candidate: Candidate): Landing => ({
  mode: landingTerms?.mode === "batch" || landingTerms?.mode === "queue" ? landingTerms.mode : "each",
  ...(landingTerms?.method && { method: landingTerms.method }),
  candidate,
  policy: readPolicy(tx),
  since: tx.now,
  attempts: 0,
});

/** The branch of the pull request for a whole candidate. */
export const toBatchBranch = (commit: Sha): string => toCandidateBranch(hashValue(["batch", commit]).slice(0, 12));
const REVERT_BRANCH_PREFIX = "enki/revert/";
export const toRevertBranch = (merge: Sha): string => REVERT_BRANCH_PREFIX + merge.slice(0, 12);
export const isRevertBranch = (branch: string): boolean => branch.startsWith(REVERT_BRANCH_PREFIX);

export const toSidePullKey = (commit: Sha) => `open-side-pull:${toBatchBranch(commit)}` as const;

type GitHubLanding = Pick<Landing, "method" | "candidate" | "policy"> & {
  readonly commit: Sha;
  /** Whether the landed commit was verified. GitHub's merge queue verifies every commit before the landing. */
  readonly isVerified: boolean;
};

/** Records the landing of a candidate's steps with the given commit. */
export const landSteps = (
  tx: StepWriter & EffectWriter,
  base: BranchName,
  { candidate, commit, method, isVerified, policy }: GitHubLanding,
): void => {
  const { items } = candidate;
  const tasks = items.map(({ task }) => task);
  for (const { task, head } of items) {
    const id = readTaskId(task);
    const step = id && tx.execution(id.execution)?.steps[id.step];
    if (!id || !step) continue;
    const proven = toProvenLanding(tx, { task, commit, candidate, tip: commit, method: method ?? "merge", tasks, policy });
    const landed = { ...(isVerified ? proven : { commit, at: tx.now }), ...(method && { rewritten: true as const }) };
    tx.putStep(id.execution, land(step, landed));
    tx.note(`${toTaskId(id.execution, id.step)} landed on ${base} as ${commit.slice(0, 12)} (head ${head.slice(0, 12)})`);
  }
  startWorkflowsAfterLanding(tx, base, commit);
};

/** The commit on which GitHub expects the required checks that Enki itself sets. */
type OwnCheckTarget = { readonly base: BranchName; readonly candidate: Candidate; readonly commit: Sha };

const listOwnChecks = (
  tx: LedgerReader,
  { landingTerms }: Pick<Queue, "landingTerms">,
  { base, candidate, commit }: OwnCheckTarget,
): readonly Effect[] => {
  const link = linkVerdict(tx, base, candidate);
  return (landingTerms?.ownChecks ?? []).map((context) => {
    const own = context === ENKI_STATUS_CONTEXT;
    const text = own ? LANDING_TEXT : renderCandidateStatus(candidate.commit);
    const key = own ? (`set-status:${commit}` as const) : (`set-status:${commit}/${context}` as const);
    return { kind: "set-status", key, commit, state: "success", text, ...(own ? {} : { context }), ...link };
  });
};

/** Whether GitHub accepted or refused an effect. */
const isAnswered = (tx: LedgerReader, effect: Effect): boolean => {
  const trace = tx.effectRecord(effect.key);
  return trace !== undefined && (trace.digest === digestEffect(effect) || Boolean(trace.refused));
};

/** Whether GitHub answered each of Enki's own checks. After a refusal, GitHub refuses the landing itself and says why. */
export const areOwnChecksReported = (tx: LedgerReader, queue: Pick<Queue, "landingTerms">, target: OwnCheckTarget): boolean =>
  listOwnChecks(tx, queue, target).every((effect) => isAnswered(tx, effect));

export const reportOwnChecks = (tx: EffectWriter, queue: Pick<Queue, "landingTerms">, target: OwnCheckTarget): void => {
  for (const effect of listOwnChecks(tx, queue, target)) {
    tx.requestEffect(effect);
    if (!isAnswered(tx, effect)) tx.wakeAt(tx.now + 1);
  }
};

/** Reports on the landed commit that the verdict of an identical tree was reused. */
export const reportReusedVerdict = (
  tx: EffectWriter,
  base: BranchName,
  { candidate, commit }: { candidate: Candidate; commit: Sha },
): void => {
  if (candidate.runs.some(({ attempt }) => attempt > 0)) return;
  const link = linkVerdict(tx, base, candidate);
  tx.enqueueEffect({ kind: "set-status", key: `set-status:${commit}`, commit, state: "success", text: REUSED_TEXT, ...link });
};

/** The address of the run that verified a candidate; empty if the run is unknown. */
const linkVerdict = (tx: LedgerReader, base: BranchName, candidate: Candidate): { readonly url?: string } => {
  const url = followsRules(tx.snapshot, 3) ? toRunUrl(tx, findVerdictRun(tx, base, candidate).run) : null;
  return url === null ? {} : { url };
};

/** Starts the Actions workflows configured to run after a landing, each once per commit. */
export const startWorkflowsAfterLanding = (tx: EffectWriter, base: BranchName, commit: Sha): void => {
  for (const workflow of tx.snapshot.config.refinery.after)
    tx.enqueueEffect({ kind: "start-workflow", key: `start-workflow:${workflow}/${commit.slice(0, 12)}`, workflow, branch: base });
};

export const toBatchRef = (commit: Sha): string => toBranchRef(toBatchBranch(commit));
