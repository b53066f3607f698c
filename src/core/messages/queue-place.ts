import type { TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue } from "../domain/queue.ts";

type ShownQueue = Pick<Queue, "items" | "candidates">;

const describeCandidate = (candidate: Candidate): string | null => {
  if (isGreen(candidate)) return "verified; lands next";
  if (!isBeingVerified(candidate)) return null;
  return candidate.runs.some(({ verified }) => verified) ? "verified; waits for required checks" : "being verified";
};

/** Where published work is in the queue, in words; null if the queue does not have it yet. */
export const describeQueuePlace = (task: TaskId, { items, candidates }: ShownQueue): string | null => {
  const at = items.findIndex((item) => item.task === task);
  const item = items[at];
  if (!item) return null;
  const own = candidates.filter((candidate) => candidate.items.some((each) => each.task === task));
  const words = own.map(describeCandidate).find((each) => each !== null);
  if (item.state === "accused") return words === undefined ? "was red; verified again" : "was red; being verified again";
  if (words !== undefined) return words;
  return at === 0 ? "next in the queue" : `in the queue, ${at} ahead`;
};
