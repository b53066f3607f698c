import { type Dirent, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RefMove } from "../../core/domain/decision.ts";
import { isSha, type RefName, type Sha } from "../../core/domain/ids.ts";

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "EISDIR"].includes(String(error.code));

const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsent(error)) return "";
    throw error;
  }
};

/** Empty if the folder does not exist: git removes the empty folders of deleted and packed refs at any time. */
const readFolder = (path: string): Dirent[] => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
};

const readPackedRefs = (repository: string): Map<RefName, Sha> => {
  const refs = new Map<RefName, Sha>();
  for (const line of readText(join(repository, "packed-refs")).split("\n")) {
    const [sha = "", ref] = line.split(" ");
    if (ref !== undefined && isSha(sha)) refs.set(ref, sha);
  }
  return refs;
};

const listLooseRefs = (repository: string, prefix: string): [RefName, Sha][] => {
  const read = (folder: string): [RefName, Sha][] =>
    readFolder(join(repository, folder)).flatMap((entry) => {
      const ref = `${folder}/${entry.name}`;
      // Git writes the new value of a ref to a lock file.
      if (entry.name.endsWith(".lock")) return [];
      if (entry.isDirectory()) return read(ref);
      const sha = readText(join(repository, ref)).trim();
      return isSha(sha) ? [[ref, sha]] : [];
    });
  return read(prefix);
};

/**
 * The refs of a bare repository below these folders, such as `refs/heads`, read from its files in the order of their names. Loose refs are
 * read first: git packs a ref before it removes the loose file.
 */
export const listRefFiles = (repository: string, prefixes: readonly string[]): Map<RefName, Sha> => {
  const loose = prefixes.flatMap((prefix) => listLooseRefs(repository, prefix));
  const packed = [...readPackedRefs(repository)].filter(([ref]) => prefixes.some((prefix) => ref.startsWith(`${prefix}/`)));
  return new Map([...new Map([...packed, ...loose])].toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

/** The value of a full ref name; null if the ref does not exist. */
export const readRefFile = (repository: string, ref: RefName): Sha | null => {
  const loose = readText(join(repository, ref)).trim();
  return isSha(loose) ? loose : (readPackedRefs(repository).get(ref) ?? null);
};

/** Writes as git does: a lock file beside the ref becomes the ref. */
const writeRefFile = (path: string, sha: Sha): void => {
  const lock = `${path}.lock`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(lock, `${sha}\n`, { flag: "wx" });
  try {
    renameSync(lock, path);
  } catch (error) {
    // Git would wait for the lock in vain.
    rmSync(lock, { force: true });
    throw error;
  }
};

/**
 * Moves refs of a repository without another writer. Returns false if git must move the rest: to delete a packed ref, or to
 * replace an empty folder.
 */
export const writeRefFiles = (repository: string, moves: readonly RefMove[]): boolean => {
  try {
    const packed = moves.some(({ newSha }) => newSha === null) ? readPackedRefs(repository) : null;
    for (const { ref, newSha } of moves) {
      const path = join(repository, ref);
      if (newSha === null) {
        if (packed?.has(ref) === true) return false;
        rmSync(path, { force: true });
      } else writeRefFile(path, newSha);
    }
    return true;
  } catch {
    return false;
  }
};
