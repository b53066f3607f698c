import { mkdir, rm } from "node:fs/promises";
import type { Sha } from "../../core/domain/ids.ts";
import { type ObjectFiles, openObjectFiles } from "./object-files.ts";
import { GitError } from "./run-git.ts";
import { findTree } from "./tree-files.ts";
import { FOLDER_MODE, parseTreeObject } from "./tree-object.ts";

const copyObject = (from: ObjectFiles, to: ObjectFiles, id: Sha): Buffer => {
  const found = from.read(id);
  if (!found) throw new GitError(`the object ${id} cannot be copied`);
  to.write(found.type, found.content);
  return found.content;
};

const copyTree = (from: ObjectFiles, to: ObjectFiles, tree: Sha): void => {
  const entries = parseTreeObject(copyObject(from, to, tree));
  if (!entries) throw new GitError(`the tree ${tree} is malformed`);
  for (const { mode, sha } of entries) {
    if (mode === FOLDER_MODE) copyTree(from, to, sha);
    else copyObject(from, to, sha);
  }
};

/** Gives a clone with a shared object directory its own again, which holds one commit without parents. */
export const keepRootCommit = async (clone: string, shared: string, commit: Sha): Promise<void> => {
  await rm(`${clone}/objects`, { force: true });
  await mkdir(`${clone}/objects/pack`, { recursive: true });
  const [from, to] = [openObjectFiles(shared), openObjectFiles(clone)];
  copyObject(from, to, commit);
  const tree = findTree(from, commit);
  if (tree !== null) copyTree(from, to, tree);
};
