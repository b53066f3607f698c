import type { TaskId } from "../domain/ids.ts";
import type { Queue, QueueItem } from "../domain/queue.ts";
import { refuse, type Refusal } from "../domain/refusal.ts";
import { type QueueEntrant, toChainMerge, type RefineryState } from "./refinery-state.ts";

/** The queue with what wants to land now: what is queued keeps its place, what left is dropped, what is new is appended behind all that it needs. */
export const syncQueue = (state: RefineryState): Queue => {
  const { queue, entrants } = state;
  const wanted = new Map(entrants.map((each) => [each.task, each]));
  const kept = queue.items.filter(({ task, head }) => wanted.get(task)?.head === head);
  const known = new Set(kept.map(({ task }) => task));
  const added = sortByNeeds(
    entrants.filter(({ task }) => !known.has(task)),
    wanted,
  );
  const items = [...kept, ...added.map((each) => createQueueItem(each))].flatMap((item) => {
    const entrant = wanted.get(item.task);
    return entrant ? [updateItemState(state, item, entrant)] : [];
  });
  const heads = new Map(items.map(({ task, head }) => [task, head]));
  const candidates = queue.candidates.filter((candidate) => candidate.items.every(({ task, head }) => heads.get(task) === head));
  // Whoever left may have been the bad one, and so may an earlier head.
  const groups = queue.failedGroups.filter((group) => group.every((task) => known.has(task)));
  return applyBaseMove(state, {
    ...queue,
    items,
    candidates,
    failedGroups: groups.length === queue.failedGroups.length ? queue.failedGroups : groups,
  });
};

const createQueueItem = ({ task, head }: QueueEntrant): QueueItem => ({
  task,
  head,
  state: "queued",
  refusal: null,
  strikes: 0,
  passedBefore: false,
  mergedAgainst: null,
  failedCommit: null,
  log: "",
});

/** What is new, each behind those of its needs that are new as well. */
const sortByNeeds = (added: readonly QueueEntrant[], wanted: ReadonlyMap<TaskId, QueueEntrant>): QueueEntrant[] => {
  const fresh = new Set(added.map(({ task }) => task));
  const out = new Set<QueueEntrant>();
  for (const first of added) {
    const stack = [first];
    const open = new Set<QueueEntrant>();
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      const before = at.needs
        .flatMap((need) => wanted.get(need) ?? [])
        .find((each) => fresh.has(each.task) && !out.has(each) && !open.has(each));
      open.add(at);
      if (before) stack.push(before);
      else {
        out.add(at);
        stack.pop();
      }
    }
  }
  return [...out];
};

/** Where an item stands: held, in conflict with the base, accused, or queued. Conflicts are found before anything is verified. */
const updateItemState = (state: RefineryState, item: QueueItem, entrant: QueueEntrant): QueueItem => {
  const met = checkBaseConflict(state, item, entrant);
  if (met.state === "resolving") return met;
  if (entrant.refusal) return { ...met, state: "held", refusal: entrant.refusal };
  return { ...met, state: item.strikes > 0 ? "accused" : "queued", refusal: null };
};

/** Merged with the base as it is now: asked when it comes, and again for what conflicted with an earlier base. */
const checkBaseConflict = (state: RefineryState, item: QueueItem, entrant: QueueEntrant): QueueItem => {
  if (item.mergedAgainst !== null && (item.state !== "resolving" || item.mergedAgainst === state.tip)) return item;
  if (entrant.needs.length > 0) return { ...item, state: "queued", mergedAgainst: state.tip };
  const link = state.mergeChain({ kind: "merge-chain", onto: state.tip, merges: [toChainMerge(entrant)] })?.[0];
  if (link === undefined) return item;
  if (link.kind !== "conflict") return { ...item, state: "queued", mergedAgainst: state.tip };
  return { ...item, state: "resolving", refusal: conflict(state, item.task, link.paths), mergedAgainst: state.tip };
};

/** Why a step cannot land as it is. */
const conflict = ({ baseBranch }: Pick<RefineryState, "baseBranch">, task: TaskId, paths: readonly string[]): Refusal =>
  refuse(
    "conflict",
    `It conflicts with \`${baseBranch}\` in ${paths.length === 1 ? "one file" : `${paths.length} files`}: ${paths.slice(0, 5).join(", ")}.`,
    `/enki retry ${task}`,
  ).refusal;

/** After a person's push to the base what was built on the old one cannot land: fewer are built at once, until landings succeed again. */
const applyBaseMove = (state: RefineryState, queue: Queue): Queue => {
  // A base that is gone has no tip, and one that was rewound none that counts: the last that was seen stays known.
  if (queue.seenTip === state.tip || state.tip === "" || queue.frozen?.code === "base-rewound") return queue;
  const moved = queue.seenTip !== null && queue.landedTip !== state.tip;
  const stale = moved && queue.candidates.some(({ onto, runs }) => onto !== state.tip && runs.some(({ verdict }) => verdict === null));
  const window = stale ? Math.max(1, Math.floor(Math.min(queue.window || state.parallel, state.parallel) / 2)) : queue.window;
  return { ...queue, seenTip: state.tip, window, frozen: queue.frozen?.code === "base-red" ? null : queue.frozen };
};
