import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from "node:fs";
import { dirname, isAbsolute, join, parse, sep } from "node:path";
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

const isTrustedOwner = ({ uid }: Stats): boolean => uid === process.getuid?.() || uid === 0;

/** Whether nobody but this user and root can replace what the directory holds. */
const isSafeParent = (directory: string): boolean => {
  const stats = lstatSync(directory);
  if (!isTrustedOwner(stats)) return false;
  const { uid, gid, mode } = stats;
  // A group with the number of its user is usually the group of this user alone.
  const writers = gid === uid ? WRITABLE_BY_OTHERS & ~WRITABLE_BY_GROUP : WRITABLE_BY_OTHERS;
  return (mode & writers) === 0 || (mode & STICKY) !== 0;
};

const MAX_LINKS = 40;

/** The names of a path, from the directory in which the path begins. */
const splitNames = (path: string): readonly string[] => path.slice(parse(path).root.length).split(sep);

/** Follows the names from a real directory as the system does. Returns false at the first directory or link that others can replace. */
const followNames = (start: string, names: readonly string[], links = 0): boolean => {
  let at = start;
  for (const [index, name] of names.entries()) {
    if (!isSafeParent(at)) return false;
    if (name === "..") at = dirname(at);
    if (["", ".", ".."].includes(name)) continue;
    const place = join(at, name);
    const stats = lstatSync(place, { throwIfNoEntry: false });
    if (stats === undefined) return true;
    if (!stats.isSymbolicLink()) at = place;
    else {
      // In a directory where everybody may add files, another user can replace their own link.
      if (!isTrustedOwner(stats) || links === MAX_LINKS) return false;
      const target = readlinkSync(place);
      return followNames(isAbsolute(target) ? parse(target).root : at, [...splitNames(target), ...names.slice(index + 1)], links + 1);
    }
  }
  return isSafeParent(at);
};

/**
 * Whether every directory on the way to the path, also behind links, belongs to this user or to root, and others cannot replace its files.
 * Otherwise somebody could point a link elsewhere by replacing a directory above its target.
 */
export const hasSafeParents = (path: string): boolean => {
  if (!isAbsolute(path)) return false;
  try {
    return followNames(parse(path).root, splitNames(dirname(path)));
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
