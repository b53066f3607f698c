import { refuseClosedPull, refuseForkPull, refuseOwnBranch, refuseUnlistedPull } from "../../messages/refusals/pull-commands.ts";
import { type BranchName, readTaskId } from "../../domain/ids.ts";
import type { Pull } from "../../domain/github-facts.ts";
import { toBranchRef, readCandidateBranch, readTaskRef } from "../../domain/refs.ts";
import { accept, type RefusedResult, type Result } from "../../domain/refusal.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { isRevertBranch } from "../landings.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

/**
 * The branch that a request lands on: the configured one, or the pull request's own branch if the request was made on a pull request of
 * this repository. Refusals: `pull-unseen`, `pull-over`, `fork-pull`, `own-branch`.
 */
export const findCommandBase = (
  tx: DecisionReader,
  { issue, onPullRequest }: Pick<CommandedEvent, "issue" | "onPullRequest">,
): Known<Result<BranchName>> => {
  const { config, defaultBranch } = tx.snapshot;
  if (!onPullRequest) return accept(config.refinery.baseBranch ?? defaultBranch);
  const pulls = tx.readFact<"pulls">({ kind: "pulls" });
  if (pulls === UNKNOWN) return UNKNOWN;
  const pull = pulls.find(({ number }) => number === issue);
  return pull ? (checkPullBase(tx, pull) ?? accept(pull.headRef)) : refuseUnlistedPull(issue);
};

const checkPullBase = (tx: LedgerReader, { number, headRef, state }: Pull): RefusedResult | null => {
  if (state !== "open") {
    const ended = state === "merged" ? "merged" : "closed";
    return refuseClosedPull(number, ended);
  }
  if (headRef.includes(":")) {
    return refuseForkPull(number, headRef);
  }
  if (isEnkiBranch(tx, headRef)) return refuseOwnBranch(headRef);
  return null;
};

/**
 * Whether a branch is Enki's: a candidate, a revert, or the branch of a step in the ledger. People's branches may also be named `task/…`
 * or `enki/…`.
 */
export const isEnkiBranch = (tx: LedgerReader, branch: string): boolean => {
  if (readCandidateBranch(toBranchRef(branch)) !== null || isRevertBranch(branch)) return true;
  const task = readTaskRef(toBranchRef(branch));
  const id = task && readTaskId(task);
  return id !== null && tx.execution(id.execution)?.steps[id.step] !== undefined;
};
