import type { Queue, QueueItem } from "../model/queue.ts";

/** What is believed of a step before any was seen, and how many steps it weighs as much as. */
const PRIOR = { bad: 0.08, weight: 12 };
/** How often a run of something good is red. */
const FLAKY = 0.03;
/** Of something that was green once, what remains: it may not go together with the rest. */
const REMAINDER = 0.01;

/** The share of steps that turn out bad, as observed on this base. */
export const failureRate = ({ seen }: Queue): number => (seen.bad + PRIOR.bad * PRIOR.weight) / (seen.good + seen.bad + PRIOR.weight);

/** How likely a step is bad, from what runs said of it. */
export const doubt = ({ strikes, cleared, among }: Pick<QueueItem, "strikes" | "cleared" | "among">, rate: number): number => {
  if (strikes > 0) return rate / (rate + (1 - rate) * FLAKY ** strikes);
  if (cleared) return REMAINDER;
  if (among > 0) return Math.min(0.9, rate / (1 - (1 - rate) ** among));
  return rate;
};
