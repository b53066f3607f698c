import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import { isSha, type Sha } from "../../core/domain/ids.ts";
import { type GitObject, type GitObjectType, openPackFile, type PackFile } from "./pack-file.ts";

/**
 * The objects of a repository on this machine, read and written without a process. If only git can read an object, the result is null; null does
 * not mean a missing object.
 */
export type ObjectFiles = {
  readonly read: (id: Sha, maxBytes?: number) => GitObject | null;
  /** Whether an object is there; false also for objects only git can find. */
  readonly has: (id: Sha) => boolean;
  /** Stores an object and returns its id. */
  readonly write: (type: GitObjectType, content: Buffer) => Sha;
};

/** Git reads larger objects. */
const MAX_OBJECT_BYTES = 1 << 26;
const TYPES: readonly string[] = ["blob", "tree", "commit", "tag"] satisfies GitObjectType[];

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

const orNull = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

const toLoosePath = (directory: string, id: Sha): string => join(directory, id.slice(0, 2), id.slice(2));

/** Splits `<type> <size>\0<content>`; null if the header has another form. */
const parseLooseObject = (bytes: Buffer): GitObject | null => {
  const end = bytes.indexOf(0);
  const [type = "", size] = bytes.subarray(0, end).toString("latin1").split(" ");
  const content = bytes.subarray(end + 1);
  return end > 0 && TYPES.includes(type) && Number(size) === content.length ? { type: type as GitObjectType, content } : null;
};

const MAX_HEADER_BYTES = 32;

const readLooseObject = (directory: string, id: Sha, maxBytes: number): GitObject | null => {
  const packed = orNull(() => readFileSync(toLoosePath(directory, id)));
  const object = packed && parseLooseObject(inflateSync(packed, { maxOutputLength: maxBytes + MAX_HEADER_BYTES }));
  return object && object.content.length <= maxBytes ? object : null;
};

/** The packs of one directory; listed again when git added or removed one. */
const openPacks = (directory: string) => {
  const folder = join(directory, "pack");
  const known = new Map<string, PackFile | null>();
  let listedAt = -1;
  const list = (): void => {
    const changedAt = orNull(() => statSync(folder))?.mtimeMs ?? -1;
    if (changedAt === listedAt) return;
    listedAt = changedAt;
    const names = (orNull(() => readdirSync(folder)) ?? []).filter((name) => name.endsWith(".idx"));
    for (const name of known.keys()) if (!names.includes(name)) known.delete(name);
    for (const name of names)
      if (!known.has(name))
        known.set(
          name,
          orNull(() => openPackFile(join(folder, name))),
        );
  };
  const first = <T>(look: (pack: PackFile) => T | null): T | null => {
    for (const pack of known.values()) {
      const found = pack && orNull(() => look(pack));
      if (found !== null) return found;
    }
    return null;
  };
  return <T>(look: (pack: PackFile) => T | null): T | null => {
    const found = first(look);
    if (found !== null) return found;
    list();
    return first(look);
  };
};

/** A directory of objects and the directories it borrows from, each once. */
const listObjectDirectories = (own: string): string[] => {
  const directories = new Set([own]);
  // Additions are visited, too.
  for (const directory of directories) {
    const text = orNull(() => readFileSync(join(directory, "info", "alternates"), "utf8")) ?? "";
    for (const line of text.split("\n")) if (line !== "" && !line.startsWith("#")) directories.add(resolve(directory, line));
  }
  return [...directories];
};

/** Writes beside the target and renames, so no reader sees a part. */
const writeLooseObject = (path: string, bytes: Buffer): void => {
  mkdirSync(dirname(path), { recursive: true });
  const part = join(dirname(path), `tmp_obj_${randomUUID()}`);
  writeFileSync(part, bytes, { mode: 0o444 });
  renameSync(part, path);
};

/** Opens the objects below a bare repository's directory. */
export const openObjectFiles = (repository: string): ObjectFiles => {
  const own = join(repository, "objects");
  const directories = listObjectDirectories(own).map((directory) => ({ directory, findPacked: openPacks(directory) }));
  const isStored = (id: Sha, bytes: Buffer): boolean =>
    directories.some(
      ({ directory, findPacked }) => existsSync(toLoosePath(directory, id)) || findPacked((pack) => pack.has(bytes) || null) !== null,
    );
  return {
    read: (id, maxBytes = MAX_OBJECT_BYTES) => {
      if (!isSha(id)) return null;
      const bytes = Buffer.from(id, "hex");
      try {
        for (const { directory, findPacked } of directories) {
          const found = readLooseObject(directory, id, maxBytes) ?? findPacked((pack) => pack.read(bytes, maxBytes));
          if (found) return found;
        }
      } catch {
        // Git reports what is wrong with a damaged file.
      }
      return null;
    },
    has: (id) => isSha(id) && isStored(id, Buffer.from(id, "hex")),
    write: (type, content) => {
      const bytes = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
      const digest = createHash("sha1").update(bytes).digest();
      const id = digest.toString("hex");
      if (!isStored(id, digest)) writeLooseObject(toLoosePath(own, id), deflateSync(bytes, { level: 1 }));
      return id;
    },
  };
};
