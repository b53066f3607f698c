import type { Sha } from "../domain/ids.ts";
import { toJobKey } from "../domain/job.ts";
import type { Queue } from "../domain/queue.ts";
import type { ShownCapacity } from "../messages/capacity-note.ts";
import { findJobRun } from "../policy/run-origin.ts";
import { findNextLook, readCapacity } from "../refinery/verify-capacity.ts";
import type { RefineryState } from "../refinery/refinery-state.ts";
import type { DecisionReader } from "./decision-transaction.ts";
import { type Known, UNKNOWN } from "../domain/known.ts";

/** Limits without a configured number: at first, and after learning. */
const FIRST_PARALLEL = 4;
const MAX_LEARNED_PARALLEL = 16;

type ParallelLimits = Pick<RefineryState, "parallel" | "firstParallel" | "isStarted">;

/** Limits of parallel verification. Outside of one machine, the number of runners is learned from the list of runs. */
export const findParallelLimits = (tx: DecisionReader): ParallelLimits => {
  const { runners, config } = tx.snapshot;
  const { parallel } = config.refinery;
  if (runners !== undefined) return { parallel: parallel ?? runners };
  const isStarted = (commit: Sha, attempt: number): Known<boolean> => {
    const runs = tx.readFact<"runs">({ kind: "runs" });
    if (runs === UNKNOWN) return UNKNOWN;
    const run = findJobRun(runs, toJobKey({ kind: "verify", target: commit, attempt }), tx.snapshot);
    // An unlisted run says nothing about runners.
    return run ? run.state !== "waiting" : UNKNOWN;
  };
  return { parallel: parallel ?? MAX_LEARNED_PARALLEL, ...(parallel === null && { firstParallel: FIRST_PARALLEL }), isStarted };
};

/**
 * Wakes the coordinator when the runs of a queue must be read again. A process that ends when idle reads them with the next result: until
 * then, a job that waits would cost more than it saves.
 */
export const wakeForNextLook = (tx: DecisionReader, queue: Queue, limits: ParallelLimits & Pick<RefineryState, "timeoutMs">): void => {
  if (limits.isStarted && !tx.snapshot.endsWhenIdle) tx.wakeAt(findNextLook(queue, limits));
};

/** The capacity shown to people. */
export const showCapacity = (tx: DecisionReader, queue: Queue): ShownCapacity => {
  const { slots, isLimited } = readCapacity(queue, { ...findParallelLimits(tx), timeoutMs: 0 });
  return { slots, waited: isLimited };
};
