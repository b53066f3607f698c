import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readJobKey } from "../core/domain/job.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { readStderrEnd } from "./kept-transcripts.ts";
import type { RunView } from "./run-story.ts";

/** What a person reads about the failures of a run. */
export type RunFailures = {
  /** The end of the stderr of the last agent of each failed step, and of `plan`. */
  readonly stderr: ReadonlyMap<string, string>;
  /** The output of the verify commands on the base; empty unless the base itself does not pass. */
  readonly baseOutput: string;
};

type RunPlace = {
  /** The person's repository. */
  readonly repository: string;
  /** Directory of the jobs' artifacts. */
  readonly artifacts: string;
};

const readStderrEnds = async (repository: string, { execution: { id, state, steps } }: RunView): Promise<ReadonlyMap<string, string>> => {
  const failed = Object.values(steps).filter((step) => step.state === "failed");
  const names = [...(state === "failed" ? ["plan"] : []), ...failed.map((step) => step.id)];
  return new Map(await Promise.all(names.map(async (step) => [step, await readStderrEnd(repository, { execution: id, step })] as const)));
};

const readBaseOutput = async (artifacts: string, { ledger, execution }: RunView): Promise<string> => {
  const queue = readOwn(ledger.queues, execution.baseBranch);
  if (queue?.frozen?.code !== "base-red") return "";
  const runs = Object.entries(ledger.effectRecords).flatMap(([key, { number }]) => {
    const job = key.startsWith("start-job:") ? readJobKey(key.slice("start-job:".length)) : null;
    return job?.kind === "verify" && queue.seenTip?.startsWith(job.target) === true && number !== null
      ? [{ number, attempt: job.attempt }]
      : [];
  });
  const last = runs.toSorted((a, b) => a.attempt - b.attempt).at(-1);
  return last ? readFile(join(artifacts, String(last.number), "enki-bundle", "output.md"), "utf8").catch(() => "") : "";
};

export const readRunFailures = async ({ repository, artifacts }: RunPlace, view: RunView): Promise<RunFailures> => ({
  stderr: await readStderrEnds(repository, view),
  baseOutput: await readBaseOutput(artifacts, view),
});
