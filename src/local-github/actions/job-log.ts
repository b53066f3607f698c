import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { SecretMasks } from "./secret-masks.ts";

// An endless output must not fill the disk.
const MAX_LOG_BYTES = 64 << 20;

/** The output of one job, with a time for each line and with hidden secrets. */
export type JobLog = {
  readonly file: string;
  readonly masks: SecretMasks;
  write(line: string): void;
  close(): Promise<void>;
};

/** The file with the summaries of a job's steps, in Markdown. */
export const toSummaryFile = (log: string): string => `${log}.summary.md`;

/** Opens a job's log. `clock` returns milliseconds since the epoch. */
export const openJobLog = async (file: string, masks: SecretMasks, clock: () => number): Promise<JobLog> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const stream = createWriteStream(file, { flags: "w", mode: 0o600 });
  await once(stream, "open");
  // On a full disk the log ends, but the runner continues.
  let broken = false;
  stream.on("error", () => (broken = true));
  let bytes = 0;
  const write = (line: string): void => {
    if (broken || bytes > MAX_LOG_BYTES) return;
    const text = `${new Date(clock()).toISOString()} ${masks.hide(line)}\n`;
    bytes += text.length;
    stream.write(bytes > MAX_LOG_BYTES ? `${text}The log is longer than ${MAX_LOG_BYTES >> 20} MiB: the rest is dropped.\n` : text);
  };
  return {
    file,
    masks,
    write,
    close: () =>
      new Promise((resolve) => {
        if (broken || stream.destroyed) return resolve();
        stream.once("close", resolve);
        stream.end();
      }),
  };
};
