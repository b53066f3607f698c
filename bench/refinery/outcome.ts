import { mean } from "./statistics.ts";
import type { World } from "./simulated-world.ts";
import { TIMES } from "./trace.ts";

/**
 * The result of a history of one base branch in virtual time. The same rules apply to every policy:
 * - A run occupies a slot and, first come, first served, a runner for `TIMES.check`, or for the time of its slowest step. A cancelled run costs only its time until then.
 * - A run is red if its content is bad: a bad head, or two heads that are red together. Other runs flake, depending on content and attempt alone.
 * - In an outage, nearly every run that ends is red.
 * - A landing takes `TIMES.landing`. Runs continue in this time, but there are no decisions. The base moves to a commit that was green itself.
 * - An ejected head returns good after `TIMES.fix`, built on the base of its ejection. A conflicting head returns merged after `TIMES.merger`. Both join the end of the queue, and steps that need them are held until then.
 * - A person's push moves the base to a commit of that person. A push during a landing follows right after the landing.
 * - Conflicts between heads are known at once and cost no run, as with `git merge-tree`.
 */
export type Outcome = {
  readonly makespan: number;
  /** Mean time of a step from its first head to its landing. */ readonly turnaround: number;
  /** Mean turnaround of good urgent steps and of the other steps; absent if no step is urgent. */
  readonly ranked?: { readonly urgent: number; readonly others: number };
  /** Mean turnaround of good steps in the calm lane; absent without lanes. */
  readonly calm?: number;
  /** Run time ÷ check time and number of steps. */ readonly runs: number;
  /** Number of jobs that resolved a conflict. */ readonly resolutions: number;
  /** Merges requested from git per step; 0 if they are not counted. */ readonly merges: number;
  /** Number of ejections of good heads. */ readonly falseEjections: number;
  /** Number of landings of commits that were bad or never green. */ readonly redLandings: number;
  /** Reason why the history got stuck, or null. Unfinished steps then count until the time at which it was stopped. */ readonly stuck:
    | string
    | null;
};

/** Measures a history at its end. */
export const measureOutcome = (
  { board, trace, now, used, resolutions, falseEjections, redLandings }: World,
  stuck: string | null,
): Omit<Outcome, "merges"> => {
  const size = trace.scene.steps;
  const ends = board.times.map(({ ready, landed }) => ({ ready: ready < 0 ? now : ready, landed: landed < 0 ? now : landed }));
  const meanTime = (isMeant: (step: number) => boolean): number =>
    mean(ends.flatMap(({ ready, landed }, step) => (isMeant(step) ? [landed - ready] : [])));
  const isUrgent = (step: number): boolean => trace.urgent[step] === true;
  const ranked = trace.urgent.includes(true)
    ? { ranked: { urgent: meanTime((step) => isUrgent(step) && trace.bad[step] !== true), others: meanTime((step) => !isUrgent(step)) } }
    : {};
  const turnaround = meanTime(() => true);
  const calm = trace.lanes ? { calm: meanTime((step) => trace.lanes?.[step] === "calm" && trace.bad[step] !== true) } : {};
  const makespan = ends.reduce((last, { landed }) => Math.max(last, landed), 0);
  return {
    makespan,
    turnaround,
    ...ranked,
    ...calm,
    runs: used / TIMES.check / size,
    resolutions,
    falseEjections,
    redLandings,
    stuck,
  };
};
