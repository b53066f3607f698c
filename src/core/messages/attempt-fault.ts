import type { StepId } from "../domain/ids.ts";
import { toOneLine } from "./escape.ts";

const MAX_REASON_CHARS = 500;

/** `step`: null for the planner. */
export type AttemptFault = { readonly step: StepId | null; readonly attempt: number; readonly reason: string };

/** A failed attempt that Enki repeats, for a terminal. */
export const formatAttemptFault = ({ step, attempt, reason }: AttemptFault): string =>
  `${step ?? "the planner"}: attempt ${attempt} failed, and Enki repeats it: ${toOneLine(reason, MAX_REASON_CHARS)}`;
