import type { Millis } from "../domain/ids.ts";
import type { Candidate, Queue, VerifyDuration } from "../domain/queue.ts";

const MAX_KINDS = 100;
/** The weight of the newest run in the average. */
const NEWEST_WEIGHT = 0.3;

/**
 * Learns from a green run, because a red run ends at its first failure. No kind in a run takes longer than the run, and once the times of
 * all its kinds are known, the run measures the slowest of them.
 */
export const learnDuration = (queue: Queue, { items }: Pick<Candidate, "items">, ms: Millis): Queue => {
  const tasks = new Set(items.map(({ task }) => task));
  const kinds = new Set(queue.items.flatMap(({ task, verifyKind }) => (tasks.has(task) && verifyKind !== undefined ? [verifyKind] : [])));
  if (kinds.size === 0) return queue;
  const known = new Map((queue.durations ?? []).map((each) => [each.kind, each]));
  const slowest = findSlowest(known, kinds);
  const learned = [...kinds].map((kind) => {
    const before = known.get(kind);
    if (kinds.size === 1) return { kind, ms: before && !before.isBound ? average(before.ms, ms) : ms };
    if (!before || ms < before.ms) return { kind, ms, isBound: true as const };
    return kind === slowest ? { ...before, ms: average(before.ms, ms) } : before;
  });
  const others = [...known.values()].filter(({ kind }) => !kinds.has(kind));
  return { ...queue, durations: [...others, ...learned].slice(-MAX_KINDS) };
};

const average = (before: Millis, newest: Millis): Millis => Math.round(before + NEWEST_WEIGHT * (newest - before));

/** The slowest kind of a run, which determines its time; undefined while the time of one of its kinds is unknown. */
const findSlowest = (known: ReadonlyMap<string, VerifyDuration>, kinds: ReadonlySet<string>): string | undefined => {
  const found = [...kinds].flatMap((kind) => known.get(kind) ?? []);
  return found.length < kinds.size ? undefined : found.sort((a, b) => b.ms - a.ms)[0]?.kind;
};

/** The expected time of a kind's run: for an unknown kind the average of the known kinds, and 0 while no kind is known. */
export const expectDurations = ({ durations = [] }: Queue): ((kind: string) => Millis) => {
  const known = new Map(durations.map(({ kind, ms }) => [kind, ms]));
  const mean = durations.reduce((sum, { ms }) => sum + ms, 0) / Math.max(1, durations.length);
  return (kind) => known.get(kind) ?? mean;
};

/** Times within a factor of about two count as equal. */
export const roundDuration = (ms: Millis): Millis => (ms < 1 ? 0 : 2 ** Math.round(Math.log2(ms)));
