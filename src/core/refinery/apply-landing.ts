import type { Candidate, Queue } from "../domain/queue.ts";
import { appendShas } from "./apply-verdicts.ts";

/** Steps that are remembered for the failure rate. */
const MAX_COUNTED_OUTCOMES = 200;

/** True where one candidate begins with all of another. */
export const isExtensionOf = (candidate: Candidate, prefix: Candidate): boolean => {
  const last = prefix.items.length - 1;
  return last >= 0 && candidate.items[last]?.merge === prefix.items[last]?.merge;
};

/** The queue after a landing: what was built on top of what landed goes on as it is. */
export const applyLanding = (queue: Queue, landing: Candidate, parallel: number): Queue => {
  const gone = new Set(landing.items.map(({ task }) => task));
  const count = landing.items.length;
  const candidates = queue.candidates.flatMap((each): Candidate[] => {
    if (each === landing) return [];
    if (isExtensionOf(each, landing))
      return each.items.length > count ? [{ ...each, onto: landing.commit, items: each.items.slice(count) }] : [];
    return each.items.some(({ task }) => gone.has(task)) ? [] : [each];
  });
  return {
    ...queue,
    items: queue.items.filter(({ task }) => !gone.has(task)),
    candidates,
    landedTip: landing.commit,
    seenTip: landing.commit,
    greenCommits: appendShas(queue.greenCommits, [landing.commit]),
    recentOutcomes: count === 0 ? queue.recentOutcomes : addOutcomes(queue.recentOutcomes, { passed: count, failed: 0 }),
    window: queue.window === 0 || queue.window + 1 >= parallel ? 0 : queue.window + 1,
  };
};

/** The last steps weigh more than those long ago. */
export const addOutcomes = (seen: Queue["recentOutcomes"], more: Queue["recentOutcomes"]): Queue["recentOutcomes"] => {
  const [good, bad] = [seen.passed + more.passed, seen.failed + more.failed];
  return good + bad > MAX_COUNTED_OUTCOMES ? { passed: good / 2, failed: bad / 2 } : { passed: good, failed: bad };
};
