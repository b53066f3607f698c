import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RefMove } from "../../core/domain/decision.ts";
import { isSha, type RefName, type Sha } from "../../core/domain/ids.ts";
import { readFolder, readText } from "./volatile-files.ts";

/** Whether a repository keeps its refs in files; git reads and writes the refs of others. https://git-scm.com/docs/reftable */
export const hasRefFiles = (repository: string): boolean => !existsSync(join(repository, "reftable"));

const readPackedRefs = (repository: string): Map<RefName, Sha> => {
  const refs = new Map<RefName, Sha>();
  for (const line of readText(join(repository, "packed-refs")).split("\n")) {
    const [sha = "", ref] = line.split(" ");
    if (ref !== undefined && isSha(sha)) refs.set(ref, sha);
  }
  return refs;
};

const SYMBOLIC_REF_PATTERN = /^ref: (refs(?:\/(?!\.)[^/\0]+)+)$/;
/** As many as git follows. */
const MAX_SYMBOLIC_DEPTH = 5;

/** The text of a loose ref with symbolic refs followed; empty if there is none. */
const readLooseRef = (repository: string, ref: RefName, depth = 0): string => {
  const text = readText(join(repository, ref)).trim();
  const target = SYMBOLIC_REF_PATTERN.exec(text)?.[1];
  if (target === undefined || depth === MAX_SYMBOLIC_DEPTH) return text;
  const found = readLooseRef(repository, target, depth + 1);
  return isSha(found) ? found : (readPackedRefs(repository).get(target) ?? "");
};

type LooseRefs = { readonly refs: [RefName, Sha][]; readonly isMoving: boolean };

const listLooseRefs = (repository: string, prefix: string): LooseRefs => {
  let isMoving = false;
  const read = (folder: string): [RefName, Sha][] =>
    readFolder(join(repository, folder)).flatMap((entry) => {
      const ref = `${folder}/${entry.name}`;
      // Git writes the new value of a ref to a lock file.
      if (entry.name.endsWith(".lock")) {
        isMoving = true;
        return [];
      }
      if (entry.isDirectory()) return read(ref);
      const sha = readLooseRef(repository, ref);
      return isSha(sha) ? [[ref, sha]] : [];
    });
  const refs = read(prefix);
  return { refs, isMoving };
};

/** Refs by name, and whether one of them was being moved: the other moves of its push may be done or not. */
export type RefFiles = { readonly refs: Map<RefName, Sha>; readonly isMoving: boolean };

/**
 * The refs of a bare repository below these folders, such as `refs/heads`, read from its files in the order of their names. Loose refs are
 * read first: git packs a ref before it removes the loose file.
 */
export const readRefFolders = (repository: string, prefixes: readonly string[]): RefFiles => {
  const loose = prefixes.map((prefix) => listLooseRefs(repository, prefix));
  const packed = [...readPackedRefs(repository)].filter(([ref]) => prefixes.some((prefix) => ref.startsWith(`${prefix}/`)));
  const refs = new Map([...packed, ...loose.flatMap(({ refs }) => refs)]);
  return {
    refs: new Map([...refs].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    isMoving: loose.some(({ isMoving }) => isMoving),
  };
};

/** The refs of {@link readRefFolders}. */
export const listRefFiles = (repository: string, prefixes: readonly string[]): Map<RefName, Sha> =>
  readRefFolders(repository, prefixes).refs;

/** The value of a full ref name; null if the ref does not exist. */
export const readRefFile = (repository: string, ref: RefName): Sha | null => {
  const loose = readLooseRef(repository, ref);
  return isSha(loose) ? loose : (readPackedRefs(repository).get(ref) ?? null);
};

/** A held lock. `commit` replaces the locked file by the lock's content and releases the lock. */
type HeldLock = { readonly commit: () => void };

/** Runs work while it holds a lock as git does: with a file that nobody else may create. Throws if another process holds the lock. */
const withLock = (path: string, content: string, work: (lock: HeldLock) => void): void => {
  const lock = `${path}.lock`;
  let isHeld = true;
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(lock, "wx", 0o644);
  try {
    try {
      writeFileSync(file, content);
      // After a power failure, a renamed file without its content would be a broken ref.
      if (content !== "") fsyncSync(file);
    } finally {
      closeSync(file);
    }
    work({
      commit: () => {
        renameSync(lock, path);
        isHeld = false;
      },
    });
  } finally {
    // Git would wait for the lock in vain. After the release, a file of this name is the lock of another process.
    if (isHeld) rmSync(lock, { force: true });
  }
};

/** Writes as git does: the lock file beside the ref becomes the ref. */
const writeRefFile = (path: string, sha: Sha): void => withLock(path, `${sha}\n`, ({ commit }) => commit());

/** Deletes a ref that is not packed, while nobody packs refs; false if the ref is packed. */
const deleteRefFile = (repository: string, ref: RefName): boolean => {
  let isPacked = false;
  withLock(join(repository, "packed-refs"), "", () =>
    withLock(join(repository, ref), "", () => {
      isPacked = readPackedRefs(repository).has(ref);
      if (!isPacked) rmSync(join(repository, ref), { force: true });
    }),
  );
  return !isPacked;
};

/**
 * Moves refs of a repository whose other writers only pack them. Returns false if git must move the rest: to delete a packed ref, to replace
 * an empty folder, or to wait for a lock.
 */
export const writeRefFiles = (repository: string, moves: readonly RefMove[]): boolean => {
  if (!hasRefFiles(repository)) return false;
  try {
    return moves.every(({ ref, newSha }) => {
      if (newSha === null) return deleteRefFile(repository, ref);
      writeRefFile(join(repository, ref), newSha);
      return true;
    });
  } catch {
    return false;
  }
};

/** Whether a new ref would be a folder of another, or the other way round. */
const clashesWith = (packed: ReadonlyMap<RefName, Sha>, ref: RefName): boolean =>
  [...packed.keys()].some((known) => known.startsWith(`${ref}/`) || ref.startsWith(`${known}/`));

type LockedMove = { readonly move: RefMove; readonly lock: HeldLock };

/** Runs work while the refs are locked, in the given order. */
const withRefLocks = (repository: string, moves: readonly RefMove[], work: (locked: readonly LockedMove[]) => void): void => {
  const lockRest = (held: readonly LockedMove[]): void => {
    const move = moves[held.length];
    if (move === undefined) return work(held);
    const content = move.newSha === null ? "" : `${move.newSha}\n`;
    withLock(join(repository, move.ref), content, (lock) => lockRest([...held, { move, lock }]));
  };
  lockRest([]);
};

const moveLockedRef = (repository: string, { move: { ref, newSha }, lock }: LockedMove): void => {
  if (newSha === null) rmSync(join(repository, ref), { force: true });
  else lock.commit();
};

/** Moves locked refs: all, or after a fault none. */
const moveAll = (repository: string, locked: readonly LockedMove[]): void => {
  const moved: RefMove[] = [];
  try {
    for (const each of locked) {
      moveLockedRef(repository, each);
      moved.push(each.move);
    }
  } catch (error) {
    for (const { ref, oldSha } of moved)
      if (oldSha === null) rmSync(join(repository, ref), { force: true });
      else writeRefFile(join(repository, ref), oldSha);
    throw error;
  }
};

/** Git moves the target of a symbolic ref, not the ref itself. */
const isSymbolic = (repository: string, ref: RefName): boolean => SYMBOLIC_REF_PATTERN.test(readText(join(repository, ref)).trim());

/**
 * Moves refs together if each still has its old value, as git does: all are locked before the first moves. Returns false, with no ref moved,
 * if git must decide.
 */
export const moveRefFiles = (repository: string, moves: readonly RefMove[]): boolean => {
  if (!hasRefFiles(repository)) return false;
  let isMoved = false;
  const move = (locked: readonly LockedMove[]): void => {
    const packed = readPackedRefs(repository);
    const isPlain = ({ ref, oldSha, newSha }: RefMove): boolean =>
      !isSymbolic(repository, ref) &&
      readRefFile(repository, ref) === oldSha &&
      (newSha === null ? !packed.has(ref) : oldSha !== null || !clashesWith(packed, ref));
    if (!moves.every(isPlain)) return;
    // Folders in the place of refs are found before the first ref moves.
    if (moves.some(({ ref }) => statSync(join(repository, ref), { throwIfNoEntry: false })?.isDirectory())) return;
    moveAll(repository, locked);
    isMoved = true;
  };
  const isDeletion = moves.some(({ newSha }) => newSha === null);
  try {
    if (isDeletion) withLock(join(repository, "packed-refs"), "", () => withRefLocks(repository, moves, move));
    else withRefLocks(repository, moves, move);
  } catch {
    // Git then performs the moves, and reports the obstacle.
  }
  return isMoved;
};

/** Removes the locks that a dead process left in a repository; nobody else may use the repository. */
export const removeStaleLocks = (repository: string): void => {
  const visit = (folder: string, isDeep: boolean): void => {
    for (const entry of readFolder(join(repository, folder)))
      if (entry.isDirectory() && isDeep) visit(`${folder}/${entry.name}`, true);
      else if (entry.isFile() && entry.name.endsWith(".lock")) rmSync(join(repository, folder, entry.name), { force: true });
  };
  visit("", false);
  visit("refs", true);
};
