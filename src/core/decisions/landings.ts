import { land } from "../domain/step-lifecycle.ts";
import { followsRules } from "../domain/decision.ts";
import { digestEffect, type Effect } from "../domain/effect.ts";
import { type BranchName, hashValue, readTaskId, type Sha, toTaskId } from "../domain/ids.ts";
import type { Candidate, Landing, Queue } from "../domain/queue.ts";
import { ENKI_STATUS_CONTEXT } from "../domain/github-facts.ts";
import { toBranchRef, toCandidateBranch } from "../domain/refs.ts";
import { LANDING_TEXT, REUSED_TEXT, renderCandidateStatus } from "../messages/status-text.ts";
import type { DecisionTransaction, DecisionReader } from "./decision-transaction.ts";
import { findVerdictRun, readPolicy, toProvenLanding } from "./landing-proofs.ts";
import { toRunUrl } from "./run-links.ts";

/** A landing by GitHub. It is saved before GitHub is asked to merge. */
export const createLanding = (tx: DecisionReader, { landingTerms }: Queue, candidate: Candidate): Landing => ({
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
  tx: DecisionTransaction,
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

/**
 * Reports the required checks that Enki itself sets, on the commit where GitHub expects them. Returns false until GitHub has accepted or
 * refused each; after a refusal, GitHub refuses the landing itself and says why.
 */
export const reportOwnChecks = (
  tx: DecisionTransaction,
  { landingTerms }: Pick<Queue, "landingTerms">,
  { base, candidate, commit }: { base: BranchName; candidate: Candidate; commit: Sha },
): boolean => {
  let isTold = true;
  const link = linkVerdict(tx, base, candidate);
  for (const context of landingTerms?.ownChecks ?? []) {
    const own = context === ENKI_STATUS_CONTEXT;
    const text = own ? LANDING_TEXT : renderCandidateStatus(candidate.commit);
    const key = own ? (`set-status:${commit}` as const) : (`set-status:${commit}/${context}` as const);
    const effect: Effect = { kind: "set-status", key, commit, state: "success", text, ...(own ? {} : { context }), ...link };
    tx.requestEffect(effect);
    const trace = tx.effectRecord(key);
    if (trace?.digest === digestEffect(effect) || trace?.refused) continue;
    isTold = false;
    tx.wakeAt(tx.now + 1);
  }
  return isTold;
};

/** Reports on the landed commit that the verdict of an identical tree was reused. */
export const reportReusedVerdict = (
  tx: DecisionTransaction,
  base: BranchName,
  { candidate, commit }: { candidate: Candidate; commit: Sha },
): void => {
  if (candidate.runs.some(({ attempt }) => attempt > 0)) return;
  const link = linkVerdict(tx, base, candidate);
  tx.enqueueEffect({ kind: "set-status", key: `set-status:${commit}`, commit, state: "success", text: REUSED_TEXT, ...link });
};

/** The address of the run that verified a candidate; empty if the run is unknown. */
const linkVerdict = (tx: DecisionReader, base: BranchName, candidate: Candidate): { readonly url?: string } => {
  const url = followsRules(tx.snapshot, 3) ? toRunUrl(tx, findVerdictRun(tx, base, candidate).run) : null;
  return url === null ? {} : { url };
};

/** Starts the Actions workflows configured to run after a landing, each once per commit. */
export const startWorkflowsAfterLanding = (tx: DecisionTransaction, base: BranchName, commit: Sha): void => {
  for (const workflow of tx.snapshot.config.refinery.after)
    tx.enqueueEffect({ kind: "start-workflow", key: `start-workflow:${workflow}/${commit.slice(0, 12)}`, workflow, branch: base });
};

export const toBatchRef = (commit: Sha): string => toBranchRef(toBatchBranch(commit));
