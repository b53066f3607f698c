import type { TaskId } from "../domain/ids.ts";
import type { Queue, QueueItem } from "../domain/queue.ts";

/** Failure rate assumed before any observation, and the number of observed steps that it weighs as much as. */
const PRIOR_FAILURES: { readonly rate: number; readonly weight: number } = { rate: 0.08, weight: 6 };
/** Probability that a run of good steps is red. */
const FLAKE_RATE = 0.03;
/** Failure odds of a step that passed once: it may still be incompatible with other steps. */
const FAILURE_ODDS_AFTER_PASS = 0.01;
/** Upper limit for the odds of a suspect, since its red run may have been a flake. */
const MAX_SUSPECT_ODDS = 0.9;

type Observed = { readonly passed: number; readonly failures: number };

/** Steps that passed and failed on this base. Each failed group counts as one bad step. */
const observeAll = ({ recentOutcomes, failedGroups, items }: Queue): Observed => ({
  passed: recentOutcomes.passed,
  failures: recentOutcomes.failed + failedGroups.length + items.filter(({ strikes }) => strikes > 0).length,
});

/** The same for the steps of a lane. */
const observeLane = ({ laneOutcomes, failedGroups, items }: Queue, lane: string): Observed => {
  const { passed, failed } = laneOutcomes?.find((each) => each.lane === lane) ?? { passed: 0, failed: 0 };
  const own = items.filter((each) => each.lane === lane);
  const tasks = new Set(own.map(({ task }) => task));
  const groups = failedGroups.filter((group) => group.every((task) => tasks.has(task)));
  return { passed, failures: failed + groups.length + own.filter(({ strikes }) => strikes > 0).length };
};

const rateOf = ({ passed, failures }: Observed, { rate, weight }: typeof PRIOR_FAILURES): number =>
  (failures + rate * weight) / (passed + failures + weight);

/** The failure rate of a lane, or of steps without one. A lane without observations has the rate of its base. */
const failureRate = (queue: Queue, lane?: string): number => {
  const rate = rateOf(observeAll(queue), PRIOR_FAILURES);
  return lane === undefined ? rate : rateOf(observeLane(queue, lane), { ...PRIOR_FAILURES, rate });
};

type CautiousRates = { readonly independent: number; readonly dependent: number };

/** Higher estimates of the failure rate, for sizing groups: too large a group costs more than too small a one. */
export const cautiousFailureRates = (queue: Queue, lane?: string): CautiousRates => {
  const { passed, failures } = lane === undefined ? observeAll(queue) : observeLane(queue, lane);
  const rate = (added: number, weight: number): number => (failures + added) / (passed + failures + weight);
  // A bad step also fails the steps that need it, so dependent steps are estimated higher.
  return { independent: rate(0.5, 3), dependent: rate(1, 2) };
};

/** The odds that each step is bad, given its runs so far. */
export const failureOdds = (queue: Queue): ((task: TaskId) => number) => {
  const rate = failureRate(queue);
  const rates = new Map([...new Set(queue.items.map(({ lane }) => lane))].map((lane) => [lane, failureRate(queue, lane)]));
  const odds = new Map(queue.items.map((item) => [item.task, itemFailureOdds(item, rates.get(item.lane) ?? rate)]));
  for (const group of queue.failedGroups) {
    const suspectOdds = Math.min(MAX_SUSPECT_ODDS, rate / (1 - (1 - rate) ** group.length));
    for (const task of group) odds.set(task, Math.max(suspectOdds, odds.get(task) ?? 0));
  }
  return (task) => odds.get(task) ?? rate;
};

const itemFailureOdds = ({ strikes, passedBefore }: QueueItem, rate: number): number => {
  if (strikes > 0) return rate / (rate + (1 - rate) * FLAKE_RATE ** strikes);
  return passedBefore ? FAILURE_ODDS_AFTER_PASS : rate;
};

/** The failure rate of steps that have left the queue: unlike {@link failureRate}, it does not rise during an outage. */
export const settledFailureRate = ({ recentOutcomes: { passed, failed } }: Queue): number =>
  (failed + PRIOR_FAILURES.rate * PRIOR_FAILURES.weight) / (passed + failed + PRIOR_FAILURES.weight);
