import { isTampering } from "../domain/tampering.ts";
import { findTrial } from "../domain/trial.ts";
import type { Sha } from "../domain/ids.ts";
import { findOpenConflict, isHeldByPerson, type Step } from "../domain/step.ts";
import { formatResolutionAttempt } from "./open-conflicts.ts";
import { toOneLine } from "./escape.ts";
import { formatPlainState } from "./step-table.ts";

/** GitHub's limit for a status description. */
const MAX_STATUS_CHARS = 140;

/** Status of a commit that landed without its own verify run. */
export const REUSED_TEXT = "Verified: a commit with the same files passed before";

/** Status of the commit that lands next, if a rule requires Enki's status. */
export const LANDING_TEXT = "Verified; landing now";
/** Status that repeats a candidate's check for GitHub's rules. */
export const renderCandidateStatus = (commit: Sha): string => `Passed on candidate ${commit.slice(0, 12)}`;

/** The text of `enki/refinery` on a head: one line of plain text. */
export const renderHeadStatus = (step: Step): string => {
  if (step.landed) return `Landed as ${step.landed.commit.slice(0, 12)}`;
  const conflict = findOpenConflict(step);
  if (conflict)
    return toOneLine(
      `Resolving a conflict, ${formatResolutionAttempt(conflict)}: ${conflict.conflicts.map(({ path }) => path).join(", ")}`,
      MAX_STATUS_CHARS,
    );
  if (isHeldByPerson(step) && step.refusal) return toOneLine(`Held: ${step.refusal.message.replaceAll("`", "")}`, MAX_STATUS_CHARS);
  // The text also fits after the landing, when the status is no longer updated.
  if (step.state === "waiting")
    return findTrial(step)?.state === "failed"
      ? "Verified, but fails without its changes to the checks that judge it; lands once a review approves this head"
      : isTampering(step)
        ? "Verified; it changes the checks that judge it, and lands once a review approves this head"
        : "Verified; this checkpoint lands once a review approves this head";
  return toOneLine(step.refusal?.message ?? formatPlainState(step), MAX_STATUS_CHARS);
};
