import type { Sha } from "../domain/ids.ts";
import { findOpenConflict, isHeldByPerson, type Step } from "../domain/step.ts";
import { formatResolutionAttempt } from "./open-conflicts.ts";
import { toOneLine } from "./escape.ts";
import { describeStepState } from "./step-table.ts";

/** GitHub takes no longer description. */
const MAX_STATUS_CHARS = 140;

/** On a commit that landed without a run of its own. */
export const REUSED_TEXT = "Verified: a commit with the same files was green before";

/** On a commit that lands next, where a rule requires our status. */
export const LANDING_TEXT = "Verified; landing now";
/** Where a check that Enki started by hand, or saw on a candidate, is told once more for GitHub's rules. */
export const renderCandidateStatus = (commit: Sha): string => `Green on the candidate ${commit.slice(0, 12)}`;

/** The text of the status `enki/refinery` on a head: plain text, one line. */
export const renderHeadStatus = (step: Step): string => {
  if (step.landed) return `Landed as ${step.landed.commit.slice(0, 12)}`;
  const conflict = findOpenConflict(step);
  if (conflict)
    return toOneLine(
      `Resolving a conflict, ${formatResolutionAttempt(conflict)}: ${conflict.conflicts.map(({ path }) => path).join(", ")}`,
      MAX_STATUS_CHARS,
    );
  if (isHeldByPerson(step) && step.refusal) return toOneLine(`Held: ${step.refusal.message.replaceAll("`", "")}`, MAX_STATUS_CHARS);
  // Still true when it has landed: nobody changes it then.
  if (step.state === "waiting") return "Verified; a checkpoint lands with an approving review of this head";
  return toOneLine(step.refusal?.message ?? describeStepState(step)[1].replaceAll("*", ""), MAX_STATUS_CHARS);
};
