import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Forge, Run } from "../forge/state.ts";
import { type Place, publicOf } from "./place.ts";

const logSizes = (run: Run): Promise<number[]> =>
  Promise.all(
    [...run.jobs.values()].map(async ({ report: { log } }) => {
      if (log === null || run.status === "completed") return 0;
      return stat(log).then(
        ({ size }) => size,
        () => 0,
      );
    }),
  );

const digest = (seen: unknown): string => createHash("sha256").update(JSON.stringify(seen)).digest("hex").slice(0, 16);

/** What the pages of a repository show, as one short word that changes with it. */
export const versionOf = async ({ repository, refs }: Place): Promise<string> => {
  const runs = [...repository.runs.values()];
  return digest({
    refs: [...refs],
    issues: [...repository.issues.values()],
    comments: [...repository.comments.values()],
    statuses: [...repository.statuses],
    checks: repository.checks,
    runs: runs.map(({ id, status, conclusion, title, updated, jobs }) => [id, status, conclusion, title, updated, [...jobs.values()]]),
    logs: await Promise.all(runs.map(logSizes)),
  });
};

/** What the list of repositories shows, likewise. */
export const homeVersion = (forge: Forge): string => digest(publicOf(forge).map(({ id, issues, runs }) => [id, issues.size, runs.size]));
