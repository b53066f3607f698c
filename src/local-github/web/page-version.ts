import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { ForgeState } from "../api/forge-state.ts";
import type { ForgeRun } from "../api/forge-run.ts";
import { type PageScope, listPublicRepositories } from "./page-scope.ts";

const readLogSizes = (run: ForgeRun): Promise<number[]> =>
  Promise.all(
    [...run.jobs.values()].map(async ({ report: { log } }) => {
      if (log === null || run.status === "completed") return 0;
      return stat(log).then(
        ({ size }) => size,
        () => 0,
      );
    }),
  );

const digestState = (seen: unknown): string => createHash("sha256").update(JSON.stringify(seen)).digest("hex").slice(0, 16);

/** What the pages of a repository show, as one short word that changes with it. */
export const pageVersion = async ({ repository, refs }: PageScope): Promise<string> => {
  const runs = [...repository.runs.values()];
  return digestState({
    refs: [...refs],
    issues: [...repository.issues.values()],
    comments: [...repository.comments.values()],
    statuses: [...repository.statuses],
    checks: repository.checks,
    runs: runs.map(({ id, status, conclusion, title, updated, jobs }) => [id, status, conclusion, title, updated, [...jobs.values()]]),
    logs: await Promise.all(runs.map(readLogSizes)),
  });
};

/** What the list of repositories shows, likewise. */
export const homePageVersion = (forge: ForgeState): string =>
  digestState(listPublicRepositories(forge).map(({ id, issues, runs }) => [id, issues.size, runs.size]));
