import { existsSync, lstatSync } from "node:fs";
import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import type { RefMove } from "../../core/domain/decision.ts";
import { writeRefFiles } from "./ref-files.ts";
import { runGitOrThrow, type GitContext } from "./run-git.ts";

const formatConfig = (isBare: boolean): string =>
  `[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = ${isBare}\n${isBare ? "" : "\tlogallrefupdates = true\n"}`;

/** Creates an empty repository, as `git init` does. HEAD is written last: a repository without HEAD is created again. */
const ensureRepository = async (directory: string, isBare: boolean): Promise<void> => {
  if (existsSync(`${directory}/HEAD`)) return;
  await Promise.all(["objects/pack", "refs/heads"].map((folder) => mkdir(`${directory}/${folder}`, { recursive: true })));
  await writeFile(`${directory}/config`, formatConfig(isBare));
  await writeFile(`${directory}/HEAD`, "ref: refs/heads/main\n");
};

export const ensureBareRepository = (directory: string): Promise<void> => ensureRepository(directory, true);

/** Creates an empty repository with a work tree. */
export const ensureWorkRepository = (directory: string): Promise<void> => ensureRepository(`${directory}/.git`, false);

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

/** Uses the object directory of another repository on the same machine instead of an own one. */
export const shareObjects = async (directory: string, from: string): Promise<void> => {
  const own = `${directory}/objects`;
  if (isLink(own)) return;
  await rm(own, { recursive: true, force: true });
  await symlink(`${from}/objects`, own);
};

/** Ends what {@link shareObjects} began: copies another object directory, and nothing of the shared one. */
export const replaceSharedObjects = async (directory: string, from: string): Promise<void> => {
  const own = `${directory}/objects`;
  await rm(own, { force: true });
  await cp(from, own, { recursive: true });
};

/** Applies pushed moves to the local refs, so that a save needs no fetch. */
export const writeRefs = async (running: GitContext, moves: readonly RefMove[]): Promise<void> => {
  if (writeRefFiles(running.directory, moves)) return;
  const lines = moves.map(({ ref, newSha }) => (newSha === null ? `delete ${ref}\0\0` : `update ${ref}\0${newSha}\0\0`));
  await runGitOrThrow(running, ["update-ref", "-z", "--stdin"], lines.join(""));
};
