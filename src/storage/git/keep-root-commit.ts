import { mkdir, rm } from "node:fs/promises";
import type { Sha } from "../../core/domain/ids.ts";
import { type ObjectFiles, openObjectFiles } from "./object-files.ts";
import { type GitContext, GitError, runGit, runGitOrThrow } from "./run-git.ts";
import { findTree } from "./tree-files.ts";
import { FOLDER_MODE, parseTreeObject } from "./tree-object.ts";

type ObjectCopy = { readonly from: ObjectFiles; readonly to: ObjectFiles; readonly clone: GitContext; readonly shared: GitContext };

/** Copies an object that only git can read. */
const copyWithGit = async ({ clone, shared }: ObjectCopy, id: Sha): Promise<Buffer> => {
  const type = (await runGitOrThrow(shared, ["cat-file", "-t", id])).trim();
  const { code, stdout, stderr } = await runGit(shared, ["cat-file", type, id]);
  if (code !== 0) throw new GitError(`git cat-file: ${stderr.trim()}`);
  await runGitOrThrow(clone, ["hash-object", "-t", type, "-w", "--stdin"], stdout);
  return stdout;
};

const copyObject = async (copy: ObjectCopy, id: Sha): Promise<Buffer> => {
  const found = copy.from.read(id);
  if (!found) return copyWithGit(copy, id);
  copy.to.write(found.type, found.content);
  return found.content;
};

const SUBMODULE_MODE = "160000";

const copyTree = async (copy: ObjectCopy, tree: Sha): Promise<void> => {
  const entries = parseTreeObject(await copyObject(copy, tree));
  if (!entries) throw new GitError(`the tree ${tree} is malformed`);
  for (const { mode, sha } of entries) {
    if (mode === FOLDER_MODE) await copyTree(copy, sha);
    else if (mode !== SUBMODULE_MODE) await copyObject(copy, sha);
  }
};

/** Gives a clone with a shared object directory its own again, which holds one commit without parents. */
export const keepRootCommit = async (at: GitContext, near: string, commit: Sha): Promise<void> => {
  const clone: GitContext = { directory: at.directory, after: at.after, stop: at.stop };
  const shared: GitContext = { ...clone, directory: near };
  await rm(`${at.directory}/objects`, { force: true });
  await mkdir(`${at.directory}/objects/pack`, { recursive: true });
  const copy = { from: openObjectFiles(near), to: openObjectFiles(at.directory), clone, shared };
  await copyObject(copy, commit);
  const tree = findTree(copy.to, commit);
  if (tree !== null) await copyTree(copy, tree);
};
