import { isSha, type Millis, type Sha } from "./ids.ts";
import { isTampering, type JudgedHead } from "./tampering.ts";

/**
 * The verification of a head without its changes to the checks that judge it. It runs on a commit of its own, is never a candidate, and
 * informs the person who decides about the head. `failed`: the last lines of its log, and the first command that failed; null if unknown.
 * `unknown`: why it could not be run.
 */
export type HeadTrial = {
  readonly head: Sha;
  /** Runs without a verdict. */
  readonly faults: number;
} & (
  | { readonly state: "waiting"; readonly notBefore: Millis }
  | RunningTrial
  | { readonly state: "passed"; readonly run: number | null }
  | { readonly state: "failed"; readonly run: number | null; readonly command: string | null; readonly log: string }
  | { readonly state: "unknown"; readonly reason: string }
);

/** `onto`: the commit whose files were put back. */
export type RunningTrial = {
  readonly state: "running";
  readonly commit: Sha;
  readonly onto: Sha;
  readonly attempt: number;
  readonly deadline: Millis;
};

/** The trial of a step's present head; undefined if there is none. */
export const findTrial = (step: JudgedHead & { readonly trial?: HeadTrial }): HeadTrial | undefined =>
  isTampering(step) && step.trial?.head === step.head?.sha ? step.trial : undefined;

/** Whether a trial has a verdict, or cannot get one. */
export const isEndedTrial = ({ state }: HeadTrial): boolean => state !== "waiting" && state !== "running";

/** The targets of trials differ from those of candidates, so that no verdict of a trial is one of a candidate. */
const TARGET_PREFIX = "trial-";
export const toTrialTarget = (commit: Sha): string => TARGET_PREFIX + commit;
export const readTrialTarget = (target: string): Sha | null => {
  const commit = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : "";
  return isSha(commit) ? commit : null;
};

/** The commit that a verify job checks out. */
export const toVerifiedCommit = ({ target }: { readonly target: string }): string => readTrialTarget(target) ?? target;
