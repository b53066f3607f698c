import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { dirname, isAbsolute } from "node:path";
import process from "node:process";

const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_GROUP = 0o020;
const STICKY = 0o1000;
const PRIVATE_DIRECTORY = 0o700;

/** Whether nobody but this user, or an owner whom this user trusts, can write a file or directory. */
export const isPrivate = ({ uid, mode }: Stats, trusted?: number): boolean =>
  (uid === process.getuid?.() || uid === trusted) && (mode & WRITABLE_BY_OTHERS) === 0;

/** The bytes of a file that only this user or a trusted owner can write, in such a directory; null for all other files, and for links. */
export const readPrivateFile = (path: string, trusted: number): Buffer | null => {
  const directory = lstatSync(dirname(path));
  if (!directory.isDirectory() || !isPrivate(directory, trusted)) return null;
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    return stats.isFile() && isPrivate(stats, trusted) ? readFileSync(file) : null;
  } finally {
    closeSync(file);
  }
};

const listParents = (path: string): readonly string[] => {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...listParents(parent)];
};

/** Whether nobody but this user and root can replace what the directory holds. */
const isSafeParent = (directory: string): boolean => {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) return true;
  const { uid, gid, mode } = stats;
  if (uid !== process.getuid?.() && uid !== 0) return false;
  // A group with the number of its user is usually the group of this user alone. A link has no permissions of its own.
  const writers = gid === uid ? WRITABLE_BY_OTHERS & ~WRITABLE_BY_GROUP : WRITABLE_BY_OTHERS;
  return stats.isSymbolicLink() || (mode & writers) === 0 || (mode & STICKY) !== 0;
};

/** Whether every directory above the path, by its name and behind links, belongs to this user or to root, and others cannot replace its files. */
export const hasSafeParents = (path: string): boolean => {
  if (!isAbsolute(path)) return false;
  const parents = listParents(path);
  try {
    const existing = realpathSync(parents.find((parent) => existsSync(parent)) ?? "/");
    return [...new Set([...parents, existing, ...listParents(existing)])].every(isSafeParent);
  } catch {
    // This user cannot enter one of them.
    return false;
  }
};

/** Creates a directory for this user alone. Throws where another user could read or change it, also if the file system keeps no permissions. */
export const makePrivateDirectory = (path: string): void => {
  if (!hasSafeParents(path)) throw new Error(`other users can change what is above ${path}`);
  mkdirSync(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if (fstatSync(directory).uid === process.getuid?.()) fchmodSync(directory, PRIVATE_DIRECTORY);
    if (!isPrivate(fstatSync(directory))) throw new Error(`other users can change ${path}`);
  } finally {
    closeSync(directory);
  }
};
