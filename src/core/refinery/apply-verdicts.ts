import type { Sha, TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue, type QueueItem } from "../domain/queue.ts";
import { failureRate } from "./failure-odds.ts";

/** Green commits and trees that are remembered. */
const MAX_REMEMBERED_SHAS = 100;
/** Red in a row, and how unlikely by chance, before it is no step's fault any more. */
const OUTAGE_THRESHOLD = { reds: 3, chance: 0.01 };

/**
 * What the ended runs say of the steps. A red run counts against a step only where all else in it is known to be green;
 * of several suspects it says that one of them is bad. What was counted is taken out.
 */
export const applyVerdicts = (before: Queue): Queue => {
  const queue = applyGreenRuns(before);
  const sound = new Set(queue.greenCommits);
  const red = queue.candidates.filter(
    (each) => each.items.length > 0 && !isGreen(each) && each.runs.some(({ verdict }) => verdict === "red"),
  );
  const closest = red
    .map((candidate) => ({ candidate, ...findSuspects(candidate, sound) }))
    .sort((a, b) => a.suspects.length - b.suspects.length);
  let next = queue;
  // What was red at the same time as the base was green is no outage.
  const isFine = before.candidates.some((each) => each.items.length === 0 && isGreen(each));
  for (const { candidate, suspects, hasGreenContext } of closest) {
    const [only] = suspects;
    if (suspects.length === 1 && only) {
      if (hasGreenContext) next = countStrikes(next, only.task, candidate);
    } else if (!isBeingVerified(candidate) && !mayNarrowSuspects(queue, candidate, sound)) {
      // It is kept: when what is below the last of it turns out green, it counts after all.
      next = addFailedGroup(
        next,
        suspects.map(({ task }) => task),
      );
    }
  }
  return isFine && next.strikesSinceGreen > 0 ? { ...next, strikesSinceGreen: 0 } : next;
};

/** True for a head of which no run has said anything since it came: one that came back finds its verdict here again. */
const isUntried = ({ items, failedGroups }: Queue, { task, head }: Pick<QueueItem, "task" | "head">): boolean =>
  !failedGroups.some((group) => group.includes(task)) &&
  items.some((item) => item.task === task && item.head === head && !item.passedBefore && item.strikes === 0 && item.failedCommit === null);

/** Green clears all that was in it, also of strikes: those were flakes. */
const applyGreenRuns = (queue: Queue): Queue => {
  // A base that was green before may be asked again whether it still is.
  const isNews = (each: Candidate): boolean =>
    each.items.length === 0 ||
    !queue.greenCommits.includes(each.commit) ||
    each.items.some(({ task, head }) => isUntried(queue, { task, head }));
  const green = queue.candidates.filter((each) => isGreen(each) && isNews(each));
  if (green.length === 0) return queue;
  const cleared = new Set(green.flatMap(({ items }) => items.map(({ task }) => task)));
  const items = queue.items.map((item) => (cleared.has(item.task) ? { ...item, strikes: 0, passedBefore: true } : item));
  return {
    ...queue,
    items,
    failedGroups: queue.failedGroups.map((group) => group.filter((task) => !cleared.has(task))).filter(({ length }) => length > 0),
    greenCommits: appendShas(
      queue.greenCommits,
      green.map(({ commit }) => commit),
    ),
    verifiedTrees: appendShas(
      queue.verifiedTrees,
      green.map(({ tree }) => tree),
    ),
    strikesSinceGreen: 0,
  };
};

/** The last of what was seen, oldest first. */
export const appendShas = (known: readonly Sha[], more: readonly Sha[]): readonly Sha[] =>
  [...known.filter((each) => !more.includes(each)), ...more.filter((each) => each !== "")].slice(-MAX_REMEMBERED_SHAS);

type SuspectItems = { readonly suspects: Candidate["items"]; readonly hasGreenContext: boolean };

/** What a candidate has on top of the longest part of it that is green. `known` is false where not even its base is. */
export const findSuspects = ({ onto, items }: Candidate, sound: ReadonlySet<Sha>): SuspectItems => {
  const green = items.slice(0, -1).findLastIndex(({ merge }) => sound.has(merge));
  return { suspects: items.slice(green + 1), hasGreenContext: green >= 0 || sound.has(onto) };
};

/** True while a run goes on that may narrow down who is to blame, or a red one waits for the verdict on its base. */
const mayNarrowSuspects = (queue: Queue, candidate: Candidate, sound: ReadonlySet<Sha>): boolean =>
  queue.candidates.some((other) => {
    const last = other.items.length - 1;
    const isOpen = isBeingVerified(other) || (last === 0 && !isGreen(other) && !sound.has(other.onto));
    if (!isOpen || other.onto !== candidate.onto || last + 1 >= candidate.items.length || last < 0) return false;
    return other.items[last]?.merge === candidate.items[last]?.merge && !sound.has(other.commit);
  });

const countStrikes = (queue: Queue, task: TaskId, candidate: Candidate): Queue => {
  const count = candidate.runs.filter(({ verdict }) => verdict === "red").length;
  const beside = candidate.items.flatMap((each) => (each.task === task ? [] : [each.task]));
  const items = queue.items.map((item) => {
    if (item.task !== task) return item;
    const { failedWith: _, ...rest } = item;
    const struck = { ...rest, strikes: item.strikes + count, passedBefore: false, failedCommit: candidate.commit, log: candidate.log };
    return beside.length > 0 ? { ...struck, failedWith: beside } : struck;
  });
  const runs = candidate.runs.filter(({ verdict }) => verdict === null);
  const groups = queue.failedGroups.filter((group) => !group.includes(task));
  // Red again says nothing new of the machines.
  const reds = queue.items.some((item) => item.task === task && item.strikes === 0) ? queue.strikesSinceGreen + 1 : queue.strikesSinceGreen;
  return replaceCandidate(
    { ...queue, items, failedGroups: groups, strikesSinceGreen: reds },
    candidate,
    runs.length === 0 ? null : { ...candidate, runs },
  );
};

const replaceCandidate = (queue: Queue, candidate: Candidate, by: Candidate | null): Queue => ({
  ...queue,
  candidates: queue.candidates.flatMap((each) => (each === candidate ? (by ?? []) : each)),
});

/** One of them is bad: unless that is known of fewer of them, or of one. */
const addFailedGroup = (queue: Queue, tasks: readonly TaskId[]): Queue => {
  const among = new Set(tasks);
  const isKnown =
    queue.items.some(({ task, strikes }) => strikes > 0 && among.has(task)) ||
    queue.failedGroups.some((group) => group.every((task) => among.has(task)));
  if (isKnown) return queue;
  const wider = (group: readonly TaskId[]): boolean => tasks.every((task) => group.includes(task));
  return {
    ...queue,
    items: queue.items.map((item) => (item.passedBefore && among.has(item.task) ? { ...item, passedBefore: false } : item)),
    failedGroups: [...queue.failedGroups.filter((group) => !wider(group)), tasks],
  };
};

/** True when so much was red in a row that it is rather the base or the machines: the base alone is asked then, before anybody is blamed. */
export const isLikelyOutage = (queue: Queue): boolean =>
  queue.strikesSinceGreen >= OUTAGE_THRESHOLD.reds && failureRate(queue) ** queue.strikesSinceGreen < OUTAGE_THRESHOLD.chance;
