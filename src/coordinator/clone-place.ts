import { existsSync, readFileSync } from "node:fs";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { GitHubRequester } from "../github/open-octokit.ts";

/** The place of a repository's clone in the directory of the clones. */
export type ClonePlace = { readonly clone: string; readonly idFile: string };

export const toClonePlace = (directory: string, repository: string): ClonePlace => ({
  clone: join(directory, `${repository}.git`),
  idFile: join(directory, `${repository}.id`),
});

/** GitHub's number of the cloned repository; null if unknown. */
export const readCloneId = ({ idFile }: ClonePlace): number | null => {
  const text = existsSync(idFile) ? readFileSync(idFile, "utf8") : "";
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
};

/**
 * Removes the clone of an earlier repository that had the same name, and records the number of the present one. A clone without a record
 * may be of any repository, so it is removed too.
 */
export const claimClone = async (place: ClonePlace, id: number): Promise<void> => {
  const known = readCloneId(place);
  if (known === id) return;
  await rm(place.clone, { recursive: true, force: true });
  await mkdir(dirname(place.idFile), { recursive: true });
  await writeFile(place.idFile, String(id));
};

/** Whether a clone holds the repository with this number. */
export const holdsRepository = async (place: ClonePlace, id: number): Promise<boolean> =>
  readCloneId(place) === id &&
  access(join(place.clone, "HEAD")).then(
    () => true,
    () => false,
  );

const factsSchema = z.object({ id: z.number(), default_branch: z.string() });
type RepositoryFacts = { readonly id: number; readonly defaultBranch: string };

/** Number and default branch of a repository; null if GitHub does not show them now. */
export const readRepositoryFacts = async (octokit: GitHubRequester, repository: string): Promise<RepositoryFacts | null> => {
  const [owner, repo] = repository.split("/");
  const answer = await octokit.request("GET /repos/{owner}/{repo}", { owner, repo }).catch(() => null);
  const facts = factsSchema.safeParse(answer?.data);
  return facts.success ? { id: facts.data.id, defaultBranch: facts.data.default_branch } : null;
};
