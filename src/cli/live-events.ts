import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Ledger } from "../core/domain/ledger.ts";
import { readTaskId } from "../core/domain/ids.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { type Job, readJobKey } from "../core/domain/job.ts";

/** Most bytes of a log that are read at a time. */
const MAX_READ_BYTES = 256_000;
const MAX_LINE_CHARS = 1_000;
/** A line about an agent in a job's log: a time, and a bar before the text. */
const AGENT_LINE = /^\S+ \| (.*)$/;

const nameJob = ({ kind, target }: Job): string | null => {
  if (kind === "verify") return null;
  return kind === "plan" ? "plan" : (readTaskId(target)?.step ?? null);
};

type FollowedLog = { readonly path: string; at: number };

/** Reads the complete lines added to a log. */
const readNews = async (log: FollowedLog): Promise<string[]> => {
  const size = await stat(log.path).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= log.at) return [];
  const file = await open(log.path, "r").catch(() => null);
  if (!file) return [];
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(size - log.at, MAX_READ_BYTES)), 0, undefined, log.at);
    const whole = buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
    // Skip a line longer than the buffer.
    log.at += whole === 0 && bytesRead === MAX_READ_BYTES ? bytesRead : whole;
    return buffer.subarray(0, whole).toString("utf8").split("\n").slice(0, -1);
  } finally {
    await file.close();
  }
};

/** Prints what the agents of a run's jobs say and do, while they work. `logs`: the directory of the jobs' logs. */
export const openLiveEvents = (logs: string, print: (line: string) => void) => {
  const followed = new Map<string, FollowedLog>();
  const look = async (run: number, name: string): Promise<void> => {
    const folder = join(logs, String(run));
    for (const file of await readdir(folder).catch(() => [])) {
      const path = join(folder, file);
      const log = followed.get(path) ?? { path, at: 0 };
      followed.set(path, log);
      for (const line of await readNews(log)) {
        const [, text] = AGENT_LINE.exec(line) ?? [];
        if (text !== undefined && text.trim() !== "") print(`${name} | ${toOneLine(text, MAX_LINE_CHARS)}`);
      }
    }
  };
  return {
    look: async ({ effectRecords }: Pick<Ledger, "effectRecords">): Promise<void> => {
      for (const [key, { number }] of Object.entries(effectRecords)) {
        const job = key.startsWith("start-job:") ? readJobKey(key.slice("start-job:".length)) : null;
        const name = job && nameJob(job);
        if (name !== null && number !== null) await look(number, name);
      }
    },
  };
};
