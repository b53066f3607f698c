import type { TaskId } from "../domain/ids.ts";
import type { Queue, QueueItem } from "../domain/queue.ts";

/** What is believed of a step before any was seen, and how many steps it weighs as much as. */
const PRIOR_FAILURES = { bad: 0.08, weight: 6 };
/** How often a run of something good is red. */
const FLAKE_RATE = 0.03;
/** Of something that was green once, what remains: it may not go together with the rest. */
const FAILURE_ODDS_AFTER_PASS = 0.01;
/** The last suspect is not quite certain: the red run may have been a flake. */
const MAX_SUSPECT_ODDS = 0.9;

/** The share of steps that turn out bad, as observed on this base. Of each group that was red, one is bad. */
export const failureRate = ({ recentOutcomes, failedGroups, items }: Queue): number => {
  const bad = recentOutcomes.failed + failedGroups.length + items.filter(({ strikes }) => strikes > 0).length;
  return (bad + PRIOR_FAILURES.bad * PRIOR_FAILURES.weight) / (recentOutcomes.passed + bad + PRIOR_FAILURES.weight);
};

/** The same where too high costs less than too low: what is not seen yet may be bad. */
export const cautiousFailureRates = ({ recentOutcomes, failedGroups, items }: Queue): { readonly free: number; readonly bound: number } => {
  const bad = recentOutcomes.failed + failedGroups.length + items.filter(({ strikes }) => strikes > 0).length;
  const rate = (more: number, weight: number): number => (bad + more) / (recentOutcomes.passed + bad + weight);
  // Of steps that need each other a bad one takes the rest with it.
  return { free: rate(0.5, 3), bound: rate(1, 2) };
};

/** How likely each step is bad, from what runs said of it. */
export const failureOdds = (queue: Queue): ((task: TaskId) => number) => {
  const rate = failureRate(queue);
  const found = new Map(queue.items.map((item) => [item.task, itemFailureOdds(item, rate)]));
  for (const group of queue.failedGroups) {
    const each = Math.min(MAX_SUSPECT_ODDS, rate / (1 - (1 - rate) ** group.length));
    for (const task of group) found.set(task, Math.max(each, found.get(task) ?? 0));
  }
  return (task) => found.get(task) ?? rate;
};

const itemFailureOdds = ({ strikes, passedBefore }: QueueItem, rate: number): number => {
  if (strikes > 0) return rate / (rate + (1 - rate) * FLAKE_RATE ** strikes);
  return passedBefore ? FAILURE_ODDS_AFTER_PASS : rate;
};
