import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, readlink, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { StepFault } from "./step-fault.ts";

/** A file of an artifact: its name in the artifact, and the real path of its source. */
export type ArtifactFile = { readonly name: string; readonly path: string };

/** Size in bytes, and the SHA-256 of names and contents, in hex. */
type StoredArtifact = { readonly size: number; readonly digest: string };

/** Stores the artifacts of all runs as directories of files. */
export type ArtifactStore = {
  /** Copies files from below `root`. Throws `StepFault` if the name is taken and `overwrite` is false. */
  put(artifact: { run: number; name: string; overwrite: boolean }, root: string, files: readonly ArtifactFile[]): Promise<StoredArtifact>;
  names(run: number): Promise<readonly string[]>;
  /** Deletes the artifacts of a run, except these. */
  keepOnly(run: number, names: readonly string[]): Promise<void>;
  /** The directory of an artifact's files; null if the artifact does not exist. */
  find(run: number, name: string): Promise<string | null>;
};

/** Opens a regular file for reading. Returns null for anything else, and for a file outside `root`. */
const openInsideRoot = async (path: string, root: string): Promise<FileHandle | null> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);
  if (!file) return null;
  // Since the last check, a link may have replaced a parent directory. On systems with `/proc`, check the real path of the open file.
  const real = await readlink(`/proc/self/fd/${file.fd}`).catch(() => path);
  const inside = real.startsWith(root + sep) && (await file.stat()).isFile();
  if (inside) return file;
  await file.close();
  return null;
};

type ArtifactCopy = { readonly root: string; readonly target: string; readonly hash: Hash };

/** Copies a file and adds it to the digest; returns its size. */
const copyIntoArtifact = async (source: ArtifactFile, { root, target, hash }: ArtifactCopy): Promise<number> => {
  const file = await openInsideRoot(source.path, root);
  if (!file) throw new StepFault(`'${source.name}' changed while it was uploaded`);
  try {
    await mkdir(dirname(join(target, source.name)), { recursive: true });
    let size = 0;
    const chunks: AsyncIterable<Buffer> = file.createReadStream({ autoClose: false });
    const measure = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        size += chunk.length;
        hash.update(chunk);
        yield chunk;
      }
    };
    hash.update(`${source.name}\0`);
    await writeFile(join(target, source.name), measure(), { flag: "wx" });
    return size;
  } finally {
    await file.close();
  }
};

export const isArtifactName = (name: string): boolean => name !== "" && name !== "." && name !== ".." && !/["*/:<>?\\|\r\n\0]/.test(name);

/** Creates a store in `directory`. If two uploads use the same name, the first to finish keeps it. */
export const createArtifactStore = (directory: string): ArtifactStore => {
  const runDirectory = (run: number): string => join(directory, String(run));
  const listNames = async (run: number): Promise<readonly string[]> => {
    const found = await readdir(runDirectory(run)).catch(() => []);
    return found
      .filter((name) => !name.startsWith("."))
      .map((name) => decodeURIComponent(name))
      .sort();
  };
  const artifactPath = (run: number, name: string): string => join(runDirectory(run), encodeURIComponent(name).replaceAll(".", "%2E"));
  let parts = 0;
  return {
    put: async ({ run, name, overwrite }, root, files) => {
      parts += 1;
      const part = join(runDirectory(run), `.part-${parts}`);
      await mkdir(part, { recursive: true, mode: 0o700 });
      try {
        const hash = createHash("sha256");
        let size = 0;
        for (const file of files) size += await copyIntoArtifact(file, { root, target: part, hash });
        if (overwrite) await rm(artifactPath(run, name), { recursive: true, force: true });
        await rename(part, artifactPath(run, name)).catch(() => {
          throw new StepFault(`Failed to create artifact: an artifact with the name '${name}' already exists on this run`);
        });
        return { size, digest: hash.digest("hex") };
      } finally {
        await rm(part, { recursive: true, force: true });
      }
    },
    names: listNames,
    keepOnly: async (run, names) => {
      const gone = (await listNames(run)).filter((name) => !names.includes(name));
      for (const name of gone) await rm(artifactPath(run, name), { recursive: true, force: true });
    },
    find: async (run, name) => {
      const stat = await lstat(artifactPath(run, name)).catch(() => null);
      return stat ? artifactPath(run, name) : null;
    },
  };
};
