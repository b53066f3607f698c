import { conflictOf, isKept, type Step } from "../model/step.ts";
import { tryWords } from "./conflicts.ts";
import { oneLine } from "./escape.ts";
import { stateWords } from "./step-table.ts";

/** GitHub takes no longer description. */
const LIMIT = 140;

/** On a commit that landed without a run of its own. */
export const REUSED_TEXT = "Verified: a commit with the same files was green before";

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
