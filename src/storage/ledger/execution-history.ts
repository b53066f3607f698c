import { extendTimeline, startTimeline, type ExecutionTimeline } from "../../core/domain/execution-timeline.ts";
import type { ExecutionId, Millis, Sha } from "../../core/domain/ids.ts";
import { LEDGER_REF } from "../../core/domain/refs.ts";
import { readBlobs } from "../git/git-objects.ts";
import { type GitContext, runGit } from "../git/run-git.ts";
import { parseArchivedExecution } from "./ledger-files.ts";

type StateWrite = { readonly commit: Sha; readonly at: Millis; readonly blob: Sha };

/** How many versions are held in memory at once. */
const CHUNK_VERSIONS = 50;
const MAX_LISTING_BYTES = 64 << 20;
const WRITE_PATTERN = /\0([0-9a-f]{40,64}) (\d+)\n\n?:\d+ \d+ [0-9a-f]+ ([0-9a-f]{40,64}) [AM]\t/g;

/** The versions of an execution's state, oldest first, without those before and at `after`. */
const listStateWrites = async (at: GitContext, { id, ref }: HistoryPlace, after: Sha | null): Promise<StateWrite[]> => {
  const range = after === null ? ref : `${after}..${ref}`;
  const { code, stdout } = await runGit({ ...at, maxOutputBytes: MAX_LISTING_BYTES }, [
    "log",
    "--first-parent",
    "--reverse",
    "--raw",
    "--no-abbrev",
    "--no-renames",
    "--format=%x00%H %ct",
    range,
    "--",
    `executions/${id}/state.json`,
  ]);
  if (code !== 0) return [];
  return [...stdout.toString("utf8").matchAll(WRITE_PATTERN)].map(([, commit = "", seconds = "", blob = ""]) => ({
    commit,
    at: Number(seconds) * 1_000,
    blob,
  }));
};

type HistoryPlace = { readonly id: ExecutionId; readonly ref: string };

export type ExecutionHistory = {
  /** Reads what was written since the last call, up to `tip`, and returns the whole timeline. */
  readonly read: (tip?: string) => Promise<ExecutionTimeline>;
};

/** Reads the timeline of an execution from the history of a ledger, each version once. */
export const openExecutionHistory = (at: GitContext, id: ExecutionId, ref: string = LEDGER_REF): ExecutionHistory => {
  let timeline = startTimeline(id);
  let last: Sha | null = null;
  const readMore = async (tip: string): Promise<ExecutionTimeline> => {
    const writes = await listStateWrites(at, { id, ref: tip }, last);
    for (let start = 0; start < writes.length; start += CHUNK_VERSIONS) {
      const chunk = writes.slice(start, start + CHUNK_VERSIONS);
      const blobs = await readBlobs(at, [...new Set(chunk.map(({ blob }) => blob))]);
      for (const { blob, at: time, commit } of chunk) {
        timeline = extendTimeline(timeline, parseArchivedExecution(blobs.get(blob)?.toString("utf8") ?? ""), time);
        last = commit;
      }
    }
    return timeline;
  };
  let reading: Promise<ExecutionTimeline> = Promise.resolve(timeline);
  return {
    read: (tip = ref) => {
      const readOn = (): Promise<ExecutionTimeline> => readMore(tip);
      return (reading = reading.then(readOn, readOn));
    },
  };
};
