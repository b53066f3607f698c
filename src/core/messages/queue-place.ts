import { type ExecutionId, type StepId, type TaskId, toTaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue } from "../domain/queue.ts";

export type ShownQueue = Pick<Queue, "items" | "candidates">;

/** The state of a candidate in words; null if its last run was red. */
export const describeCandidate = (candidate: Candidate): string | null => {
  if (isGreen(candidate)) return "verified; lands next";
  if (!isBeingVerified(candidate)) return null;
  return candidate.runs.some(({ verified }) => verified) ? "verified; waits for required checks" : "being verified";
};

/** The place of published work in the queue, in words; null for work outside of the queue. */
export const describeQueuePlace = (task: TaskId, { items, candidates }: ShownQueue): string | null => {
  const item = items.find((each) => each.task === task);
  if (!item) return null;
  const own = candidates.filter((candidate) => candidate.items.some((each) => each.task === task));
  const words = own.map(describeCandidate).find((each) => each !== null);
  if (item.state === "accused") return words === undefined ? "was red; verified again" : "was red; being verified again";
  if (words !== undefined) return words;
  const { lane } = item;
  const ahead = (lane === undefined ? items : items.filter((each) => each.lane === lane)).indexOf(item);
  if (ahead === 0) return lane === undefined ? "next in the queue" : `next in lane ${lane}`;
  return `in the queue, ${ahead} ahead${lane === undefined ? "" : ` in lane ${lane}`}`;
};

/** Returns the place of each step of an execution; null for a step that is not in the queue. */
export type PlaceReader = (step: StepId) => string | null;

/** `queue`: absent before the first step joined. */
export const openPlaces =
  (id: ExecutionId, queue: ShownQueue | undefined): PlaceReader =>
  (step) =>
    queue ? describeQueuePlace(toTaskId(id, step), queue) : null;
