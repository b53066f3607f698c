import type { Sha, TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue, type QueueItem } from "../domain/queue.ts";
import { clearItem, doubtItem, forgiveItem, strikeItem } from "../domain/queue-item-lifecycle.ts";
import { settledFailureRate } from "./failure-odds.ts";

/** Green commits, and verified trees, that a queue remembers. */
const MAX_REMEMBERED_SHAS = 100;
/** An outage is assumed after so many first strikes in a row, if their chance without one is below this. */
const OUTAGE_THRESHOLD = { strikes: 2, chance: 0.02 };

/**
 * Evaluates finished runs. A red run counts against a step only if every other step in the run is known to be good; several suspects are
 * recorded as a group with a bad step. Red runs that were counted are removed.
 */
export const applyVerdicts = (before: Queue): Queue => {
  const queue = applyGreenRuns(before);
  const greenCommits = new Set(queue.greenCommits);
  const red = queue.candidates.filter(
    (each) => each.items.length > 0 && !isGreen(each) && each.runs.some(({ verdict }) => verdict === "red"),
  );
  const closest = red
    .map((candidate) => ({ candidate, ...findSuspects(candidate, greenCommits) }))
    .sort((a, b) => a.suspects.length - b.suspects.length);
  let next = queue;
  // A red run while the base was green is no outage.
  const isBaseGreen = before.candidates.some((each) => each.items.length === 0 && isGreen(each));
  for (const { candidate, suspects, hasGreenContext } of closest) {
    const [only] = suspects;
    if (suspects.length === 1 && only) {
      if (hasGreenContext) next = countStrikes(next, only.task, candidate);
    } else if (!isBeingVerified(candidate) && !mayNarrowSuspects(queue, candidate, greenCommits)) {
      // Keep the red run: if everything below its last step later passes, it counts against that step.
      next = addFailedGroup(
        next,
        suspects.map(({ task }) => task),
      );
    }
  }
  return isBaseGreen && next.strikesSinceGreen > 0 ? { ...next, strikesSinceGreen: 0 } : next;
};

/** Whether no verdict was applied to a head. A head that returns to the queue receives its earlier green verdict again. */
const isUntried = ({ items, failedGroups }: Queue, { task, head }: Pick<QueueItem, "task" | "head">): boolean =>
  !failedGroups.some((group) => group.includes(task)) &&
  items.some((item) => item.task === task && item.head === head && !item.passedBefore && item.strikes === 0 && item.failedCommit === null);

/** Green runs clear their steps and remove strikes, which were flakes. */
const applyGreenRuns = (before: Queue): Queue => {
  // A base that was green may be verified again during an outage.
  const isNewVerdict = (each: Candidate): boolean =>
    each.items.length === 0 ||
    !before.greenCommits.includes(each.commit) ||
    each.items.some(({ task, head }) => isUntried(before, { task, head }));
  const green = before.candidates.filter((each) => isGreen(each) && isNewVerdict(each));
  if (green.length === 0) return before;
  const queue = forgiveOutage(before);
  const cleared = new Set(green.flatMap(({ items }) => items.map(({ task }) => task)));
  const items = queue.items.map((item) => (cleared.has(item.task) ? clearItem(item) : item));
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

/** Appends to a list of the most recent commits or trees, oldest first. */
export const appendShas = (known: readonly Sha[], added: readonly Sha[]): readonly Sha[] =>
  [...known.filter((each) => !added.includes(each)), ...added.filter((each) => each !== "")].slice(-MAX_REMEMBERED_SHAS);

type SuspectItems = { readonly suspects: Candidate["items"]; readonly hasGreenContext: boolean };

/** The steps above the longest green part of a candidate. `hasGreenContext` is false if not even its base is known to be green. */
export const findSuspects = ({ onto, items }: Candidate, greenCommits: ReadonlySet<Sha>): SuspectItems => {
  const green = items.slice(0, -1).findLastIndex(({ merge }) => greenCommits.has(merge));
  return { suspects: items.slice(green + 1), hasGreenContext: green >= 0 || greenCommits.has(onto) };
};

/** Whether a shorter part of the candidate may still narrow the suspects: it is being verified, or is red and waits for the verdict on its base. */
const mayNarrowSuspects = (queue: Queue, candidate: Candidate, greenCommits: ReadonlySet<Sha>): boolean =>
  queue.candidates.some((other) => {
    const last = other.items.length - 1;
    const isOpen = isBeingVerified(other) || (last === 0 && !isGreen(other) && !greenCommits.has(other.onto));
    if (!isOpen || other.onto !== candidate.onto || last + 1 >= candidate.items.length || last < 0) return false;
    return other.items[last]?.merge === candidate.items[last]?.merge && !greenCommits.has(other.commit);
  });

const countStrikes = (queue: Queue, task: TaskId, candidate: Candidate): Queue => {
  const others = candidate.items.flatMap((each) => (each.task === task ? [] : [each.task]));
  const items = queue.items.map((item) => (item.task === task ? strikeItem(item, candidate, others) : item));
  const runs = candidate.runs.filter(({ verdict }) => verdict === null);
  const groups = queue.failedGroups.filter((group) => !group.includes(task));
  // A second red run of the same step is no sign of an outage.
  const strikesSinceGreen = queue.items.some((item) => item.task === task && item.strikes === 0)
    ? queue.strikesSinceGreen + 1
    : queue.strikesSinceGreen;
  return replaceCandidate(
    { ...queue, items, failedGroups: groups, strikesSinceGreen },
    candidate,
    runs.length === 0 ? null : { ...candidate, runs },
  );
};

const replaceCandidate = (queue: Queue, candidate: Candidate, replacement: Candidate | null): Queue => ({
  ...queue,
  candidates: queue.candidates.flatMap((each) => (each === candidate ? (replacement ?? []) : each)),
});

/** Records that one of the steps is bad, unless a smaller group or a single step among them is known to be bad. */
const addFailedGroup = (queue: Queue, tasks: readonly TaskId[]): Queue => {
  const among = new Set(tasks);
  const isKnown =
    queue.items.some(({ task, strikes }) => strikes > 0 && among.has(task)) ||
    queue.failedGroups.some((group) => group.every((task) => among.has(task)));
  if (isKnown) return queue;
  const wider = (group: readonly TaskId[]): boolean => tasks.every((task) => group.includes(task));
  return {
    ...queue,
    items: queue.items.map((item) => (among.has(item.task) ? doubtItem(item) : item)),
    failedGroups: [...queue.failedGroups.filter((group) => !wider(group)), tasks],
  };
};

/** Whether so many steps failed in a row that the base or the machines are the likelier cause. The base is then verified before a step is blamed. */
export const isLikelyOutage = (queue: Queue): boolean =>
  queue.strikesSinceGreen >= OUTAGE_THRESHOLD.strikes && settledFailureRate(queue) ** queue.strikesSinceGreen < OUTAGE_THRESHOLD.chance;

/** Whether the base was red although it had been green: machines failed, or everything flakes. */
const isOutageProven = ({ candidates, greenCommits }: Queue): boolean =>
  candidates.some(
    ({ items, commit, runs }) => items.length === 0 && greenCommits.includes(commit) && runs.some(({ verdict }) => verdict === "red"),
  );

/** Forgets every red run of an outage: accused steps and failed groups are verified again. */
const forgiveOutage = (queue: Queue): Queue =>
  isOutageProven(queue)
    ? {
        ...queue,
        items: queue.items.map((item) => forgiveItem(item)),
        candidates: queue.candidates.filter((each) => isGreen(each) || isBeingVerified(each)),
        failedGroups: [],
      }
    : queue;
