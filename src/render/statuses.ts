import { cut } from "./escape.ts";
import type { Step } from "../model/step.ts";

/** The text of the status `enki/refinery` on a head, at most 140 characters as GitHub allows. */
export const statusText = (step: Step): string => {
  if (step.landed) return `Landed as ${step.landed.commit.slice(0, 12)}`;
  return cut(step.why?.why ?? step.state, 140);
};
