import { UNKNOWN } from "../domain/known.ts";
import type { Sha, TaskId } from "../domain/ids.ts";
import type { Queue, QueueItem } from "../domain/queue.ts";
import { type QueueEntrant, toChainMerge, type RefineryEffect, type RefineryState } from "./refinery-state.ts";

/** So many unlanded resolutions are made in one line even if fewer runs verify them at the same time. */
const MIN_LINE_AHEAD = 4;

/** The commit for a resolution to start from: the base, merged with the heads ahead in the same line. */
type ResolutionPlace = { readonly onto: Sha; readonly ahead: readonly QueueEntrant[] };

/**
 * The conflicts to resolve now. Steps with conflicts in the same file form a line: they are resolved in turn, each on top of earlier
 * unlanded resolutions. Resolving all conflicts on the same base would waste all resolutions but one, because the first to land conflicts
 * with the rest.
 */
export const planResolutions = (state: RefineryState, queue: Queue): RefineryEffect[] => {
  const entrants = new Map(state.entrants.map((each) => [each.task, each]));
  const taken = new Set<string>();
  return sortByProgress(queue.items, entrants).flatMap((item): RefineryEffect[] => {
    const { task, head, refusal, mergedAgainst, conflictPaths = [] } = item;
    const isTaken = conflictPaths.some((path) => taken.has(path));
    for (const path of conflictPaths) taken.add(path);
    // After a landing, the conflict is checked again first.
    const place = isTaken || mergedAgainst !== state.tip ? null : findPlace(state, { queue, item, entrants });
    if (place === null || refusal === null) return [];
    const ahead = place.ahead.map((each) => ({ task: each.task, head: each.head }));
    return [{ kind: "resolve", task, head, onto: place.onto, ahead, refusal }];
  });
};

/** Conflicting steps in the order of the queue: steps with a running resolution first, steps with an exhausted budget last. */
export const sortByProgress = (items: readonly QueueItem[], entrants: ReadonlyMap<TaskId, QueueEntrant>): QueueItem[] => {
  const resolving = items.filter(({ state }) => state === "resolving");
  const isRunning = ({ task }: QueueItem): boolean => entrants.get(task)?.isBeingResolved === true;
  const isWaiting = ({ task }: QueueItem): boolean => entrants.get(task)?.isOutOfBudget === true;
  const idle = resolving.filter((item) => !isRunning(item));
  return [
    ...resolving.filter((item) => isRunning(item)),
    ...idle.filter((item) => !isWaiting(item)),
    ...idle.filter((item) => isWaiting(item)),
  ];
};

type LineInput = { readonly queue: Queue; readonly item: QueueItem; readonly entrants: ReadonlyMap<TaskId, QueueEntrant> };

/**
 * The base with the heads ahead that can be merged with each other. Returns null while facts are missing, and while so many heads are ahead that the
 * next bad one among them would waste too many resolutions.
 */
const findPlace = (state: RefineryState, { queue, item, entrants }: LineInput): ResolutionPlace | null => {
  const ahead = state.stacksResolutions ? listAhead(queue, item, entrants) : [];
  if (ahead.length > Math.max(MIN_LINE_AHEAD, state.parallel)) return null;
  if (ahead.length === 0) return { onto: state.tip, ahead };
  const links = state.mergeChain({ kind: "merge-chain", onto: state.tip, merges: ahead.map((each) => toChainMerge(each)) });
  if (links === UNKNOWN) return null;
  const commits = links.flatMap((link) => (link.kind === "merged" ? [link.commit] : []));
  return { onto: commits.at(-1) ?? state.tip, ahead: ahead.filter((_, at) => links[at]?.kind === "merged") };
};

/**
 * Queued steps with resolutions in the same files, and their needs. Held steps, steps that must be resolved again, and likely bad steps do
 * not count.
 */
const listAhead = (
  { items }: Queue,
  { conflictPaths = [] }: QueueItem,
  entrants: ReadonlyMap<TaskId, QueueEntrant>,
): readonly QueueEntrant[] => {
  const paths = new Set(conflictPaths);
  const states = new Map(items.map(({ task, state }) => [task, state]));
  const included = new Set<TaskId>();
  for (const { task } of items) {
    if (!entrants.get(task)?.resolvedPaths?.some((path) => paths.has(path))) continue;
    const group = collectNeeds(task, entrants);
    if (group.every((each) => states.get(each) === "queued")) for (const each of group) included.add(each);
  }
  return items.flatMap(({ task }) => (included.has(task) ? (entrants.get(task) ?? []) : []));
};

/** A task and the unlanded tasks below it. */
const collectNeeds = (task: TaskId, entrants: ReadonlyMap<TaskId, QueueEntrant>): readonly TaskId[] => {
  const found = new Set<TaskId>();
  const open = [task];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(entrants.get(next)?.needs ?? []));
  }
  return [...found];
};
