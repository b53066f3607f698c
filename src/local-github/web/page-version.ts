import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { ForgeRun } from "../api/forge-run.ts";
import { type PageScope, listPublicRepositories } from "./page-scope.ts";
import type { PageServer } from "./page-server.ts";

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

const digestState = (state: unknown): string => createHash("sha256").update(JSON.stringify(state)).digest("hex").slice(0, 16);

/** A short digest of everything that the pages of a repository show. It changes with the content. */
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

/** The same digest for the list of repositories. */
export const homePageVersion = (forge: PageServer): string =>
  digestState(listPublicRepositories(forge).map(({ id, issues, runs }) => [id, issues.size, runs.size]));
