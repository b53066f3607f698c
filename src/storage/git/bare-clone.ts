import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import type { RefMove } from "../../core/domain/decision.ts";
import { writeRefFiles } from "./ref-files.ts";
import { runGitOrThrow, type GitContext } from "./run-git.ts";

const BARE_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";

/** Creates an empty bare repository, as `git init --bare` does. HEAD is written last: a repository without HEAD is created again. */
export const ensureBareRepository = async (directory: string): Promise<void> => {
  if (existsSync(`${directory}/HEAD`)) return;
  await Promise.all(["objects/pack", "refs/heads"].map((folder) => mkdir(`${directory}/${folder}`, { recursive: true })));
  await writeFile(`${directory}/config`, BARE_CONFIG);
  await writeFile(`${directory}/HEAD`, "ref: refs/heads/main\n");
};

const toAlternatesPath = (directory: string): string => `${directory}/objects/info/alternates`;

/** Makes the objects of another repository on the same machine visible, until they are given back. */
export const borrowObjects = async (directory: string, from: string): Promise<void> => {
  await mkdir(`${directory}/objects/info`, { recursive: true });
  await writeFile(toAlternatesPath(directory), `${from}/objects\n`);
};

/** Ends what {@link borrowObjects} began. */
export const returnObjects = (directory: string): Promise<void> => rm(toAlternatesPath(directory), { force: true });

/** Applies pushed moves to the local refs, so that a save needs no fetch. */
export const writeRefs = async (running: GitContext, moves: readonly RefMove[]): Promise<void> => {
  if (writeRefFiles(running.directory, moves)) return;
  const lines = moves.map(({ ref, newSha }) => (newSha === null ? `delete ${ref}\0\0` : `update ${ref}\0${newSha}\0\0`));
  await runGitOrThrow(running, ["update-ref", "-z", "--stdin"], lines.join(""));
};
