import { lchownSync, lstatSync, readdirSync } from "node:fs";

type TreeOwner = { readonly uid: number; readonly gid: number };

const SEPARATOR = Buffer.from("/");

/** Paths are bytes: a name need not be valid UTF-8. */
const listDirectories = (path: Buffer): { readonly files: Buffer[]; readonly directories: Buffer[] } => {
  const entries = readdirSync(path, { withFileTypes: true, encoding: "buffer" });
  const places = (isWanted: boolean): Buffer[] =>
    entries.filter((entry) => entry.isDirectory() === isWanted).map(({ name }) => Buffer.concat([path, SEPARATOR, name]));
  return { files: places(false), directories: places(true) };
};

const giveDirectory = (path: Buffer, { uid, gid }: TreeOwner): void => {
  const { files, directories } = listDirectories(path);
  for (const each of directories) giveDirectory(each, { uid, gid });
  for (const each of files) lchownSync(each, uid, gid);
  lchownSync(path, uid, gid);
};

/**
 * Gives a file or directory to a user, and follows no link. The directory comes last: until then the user cannot change what is in it.
 * Starts no process, which would take longer for most workspaces.
 */
export const giveTree = (path: string, { uid, gid }: TreeOwner): void => {
  if (lstatSync(path).isDirectory()) giveDirectory(Buffer.from(path), { uid, gid });
  else lchownSync(path, uid, gid);
};

const tryEach = (paths: readonly Buffer[], call: (path: Buffer) => void): void => {
  for (const path of paths)
    try {
      call(path);
    } catch {
      // The other files follow.
    }
};

const takeDirectory = (path: Buffer, owner: TreeOwner): void => {
  lchownSync(path, owner.uid, owner.gid);
  if (!lstatSync(path).isDirectory()) return;
  const { files, directories } = listDirectories(path);
  tryEach(files, (each) => lchownSync(each, owner.uid, owner.gid));
  tryEach(directories, (each) => takeDirectory(each, owner));
};

/** Takes directories back from a user who has no process left, and follows no link. Files that cannot be taken stay. */
export const takeTrees = (paths: readonly string[], owner: TreeOwner): void =>
  tryEach(
    paths.map((path) => Buffer.from(path)),
    (path) => takeDirectory(path, owner),
  );
