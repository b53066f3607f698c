import type { Sha, TaskId } from "../model/ids.ts";
import { type Candidate, isActive, isGreen, type Queue, type QueueItem } from "../model/queue.ts";
import { failureRate } from "./odds.ts";

/** Green commits and trees that are remembered. */
const MEMORY = 100;
/** Red in a row, and how unlikely by chance, before it is no step's fault any more. */
const OUTAGE = { reds: 3, chance: 0.01 };

type Items = Map<TaskId, QueueItem>;

/**
 * What the ended runs say of the steps. A red run counts against a step only where all else in it is known to be green;
 * of several suspects it says that one of them is bad. What was counted is taken out.
 */
export const weigh = (before: Queue): Queue => {
  const queue = absolve(before);
  const items: Items = new Map(queue.items.map((item) => [item.task, item]));
  const sound = new Set(queue.sound);
  const red = queue.candidates.filter(
    (each) => each.items.length > 0 && !isGreen(each) && each.runs.some(({ verdict }) => verdict === "red"),
  );
  const judged = new Map<Candidate, Candidate | null>();
  let reds = queue.reds;
  const closest = red
    .map((candidate) => ({ candidate, ...suspectsOf(candidate, sound) }))
    .sort((a, b) => a.suspects.length - b.suspects.length);
  for (const { candidate, suspects, known } of closest) {
    const [only] = suspects;
    if (suspects.length === 1 && only) {
      if (!known) continue;
      reds += strike(items, only.task, candidate);
      judged.set(candidate, withoutReds(candidate));
    } else if (!isActive(candidate) && !mayTellMore(queue, candidate, sound)) {
      if (suspect(items, suspects)) reds += 1;
      judged.set(candidate, null);
    }
  }
  if (judged.size === 0) return queue;
  const candidates = queue.candidates.flatMap((each) => (judged.has(each) ? (judged.get(each) ?? []) : each));
  return { ...queue, items: [...items.values()], candidates, reds };
};

/** Green clears all that was in it, also of strikes: those were flakes. */
const absolve = (queue: Queue): Queue => {
  const green = queue.candidates.filter((each) => isGreen(each) && !queue.sound.includes(each.commit));
  if (green.length === 0) return queue;
  const cleared = new Set(green.flatMap(({ items }) => items.map(({ task }) => task)));
  const items = queue.items.map((item) => (cleared.has(item.task) ? { ...item, strikes: 0, cleared: true, among: 0 } : item));
  return {
    ...queue,
    items,
    sound: remember(
      queue.sound,
      green.map(({ commit }) => commit),
    ),
    trees: remember(
      queue.trees,
      green.map(({ tree }) => tree),
    ),
    reds: 0,
  };
};

/** The last of what was seen, oldest first. */
export const remember = (known: readonly Sha[], more: readonly Sha[]): readonly Sha[] =>
  [...known.filter((each) => !more.includes(each)), ...more.filter((each) => each !== "")].slice(-MEMORY);

type Suspects = { readonly suspects: Candidate["items"]; readonly known: boolean };

/** What a candidate has on top of the longest part of it that is green. `known` is false where not even its base is. */
export const suspectsOf = ({ onto, items }: Candidate, sound: ReadonlySet<Sha>): Suspects => {
  const green = items.slice(0, -1).findLastIndex(({ merge }) => sound.has(merge));
  return { suspects: items.slice(green + 1), known: green >= 0 || sound.has(onto) };
};

/** True while a run goes on that may narrow down who is to blame. */
const mayTellMore = (queue: Queue, candidate: Candidate, sound: ReadonlySet<Sha>): boolean =>
  queue.candidates.some((other) => {
    const last = other.items.length - 1;
    if (!isActive(other) || other.onto !== candidate.onto || last + 1 >= candidate.items.length || last < 0) return false;
    return other.items[last]?.merge === candidate.items[last]?.merge && !sound.has(other.commit);
  });

const strike = (items: Items, task: TaskId, { runs, log }: Candidate): number => {
  const item = items.get(task);
  const count = runs.filter(({ verdict }) => verdict === "red").length;
  if (item) items.set(task, { ...item, strikes: item.strikes + count, cleared: false, among: 0, log });
  return count;
};

const withoutReds = (candidate: Candidate): Candidate | null => {
  const runs = candidate.runs.filter(({ verdict }) => verdict === null);
  return runs.length === 0 ? null : { ...candidate, runs };
};

/** Marks the suspects, unless one among them that is known to be bad explains it. */
const suspect = (items: Items, suspects: Candidate["items"]): boolean => {
  const each = suspects.flatMap(({ task }) => items.get(task) ?? []);
  if (each.some(({ strikes, among }) => strikes > 0 || (among > 0 && among < suspects.length))) return false;
  for (const item of each) items.set(item.task, { ...item, cleared: false, among: suspects.length });
  return true;
};

/** True when so much was red in a row that it is rather the base or the machines: the base alone is asked then, before anybody is blamed. */
export const isOutage = (queue: Queue): boolean => queue.reds >= OUTAGE.reds && failureRate(queue) ** queue.reds < OUTAGE.chance;
