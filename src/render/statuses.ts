import { cut } from "./escape.ts";
import type { Step } from "../model/step.ts";

/** The text of the status `enki/refinery` on a head, at most 140 characters as GitHub allows. */
export const statusText = (step: Step): string => {
  if (step.state === "waiting") return "Verified; waits for a person's review";
  return cut(step.why?.why ?? step.state, 140);
};
