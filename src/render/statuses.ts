import type { Sha } from "../model/ids.ts";
import { conflictOf, isKept, type Step } from "../model/step.ts";
import { tryWords } from "./conflicts.ts";
import { oneLine } from "./escape.ts";
import { stateWords } from "./step-table.ts";

/** GitHub takes no longer description. */
const LIMIT = 140;

/** On a commit that landed without a run of its own. */
export const REUSED_TEXT = "Verified: a commit with the same files was green before";

/** On a commit that lands next, where a rule requires our status. */
export const LANDING_TEXT = "Verified; landing now";
/** Where a check that Enki started by hand, or saw on a candidate, is told once more for GitHub's rules. */
export const toldText = (commit: Sha): string => `Green on the candidate ${commit.slice(0, 12)}`;

/** The text of the status `enki/refinery` on a head: plain text, one line. */
export const statusText = (step: Step): string => {
  if (step.landed) return `Landed as ${step.landed.commit.slice(0, 12)}`;
  const conflict = conflictOf(step);
  if (conflict)
    return oneLine(`Resolving a conflict, ${tryWords(conflict)}: ${conflict.conflicts.map(({ path }) => path).join(", ")}`, LIMIT);
  if (isKept(step) && step.why) return oneLine(`Held: ${step.why.why.replaceAll("`", "")}`, LIMIT);
  // Still true when it has landed: nobody changes it then.
  if (step.state === "waiting") return "Verified; a checkpoint lands with an approving review of this head";
  return oneLine(step.why?.why ?? stateWords(step)[1].replaceAll("*", ""), LIMIT);
};
