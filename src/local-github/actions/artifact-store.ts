import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, readlink, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { StepFault } from "./step-fault.ts";

/** A file of an artifact: its name in the artifact, and the real path of its source. */
export type ArtifactFile = { readonly name: string; readonly path: string };

/** Stores the artifacts of all runs as directories of files. */
export type ArtifactStore = {
  /** Copies files from below `root`. Throws `StepFault` if the name is taken and `overwrite` is false. */
  put(artifact: { run: number; name: string; overwrite: boolean }, root: string, files: readonly ArtifactFile[]): Promise<void>;
  names(run: number): Promise<readonly string[]>;
  /** The directory of an artifact's files; null if the artifact does not exist. */
  find(run: number, name: string): Promise<string | null>;
};

/** Opens a regular file for reading. Returns null for anything else, and for a file outside `root`. */
const openInsideRoot = async (path: string, root: string): Promise<FileHandle | null> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);
  if (!file) return null;
  // A parent directory may have become a link since the last check, so ask for the path of the open file, on systems
  // that report it.
  const real = await readlink(`/proc/self/fd/${file.fd}`).catch(() => path);
  const inside = real.startsWith(root + sep) && (await file.stat()).isFile();
  if (inside) return file;
  await file.close();
  return null;
};

const copyIntoArtifact = async (source: ArtifactFile, root: string, target: string): Promise<void> => {
  const file = await openInsideRoot(source.path, root);
  if (!file) throw new StepFault(`'${source.name}' changed while it was uploaded`);
  try {
    await mkdir(dirname(join(target, source.name)), { recursive: true });
    await writeFile(join(target, source.name), file.createReadStream({ autoClose: false }), { flag: "wx" });
  } finally {
    await file.close();
  }
};

export const isArtifactName = (name: string): boolean => name !== "" && name !== "." && name !== ".." && !/["*/:<>?\\|\r\n\0]/.test(name);

/** Creates a store in `directory`. If two uploads use the same name, the first to finish keeps it. */
export const createArtifactStore = (directory: string): ArtifactStore => {
  const runDirectory = (run: number): string => join(directory, String(run));
  const artifactPath = (run: number, name: string): string => join(runDirectory(run), encodeURIComponent(name).replaceAll(".", "%2E"));
  let parts = 0;
  return {
    put: async ({ run, name, overwrite }, root, files) => {
      parts += 1;
      const part = join(runDirectory(run), `.part-${parts}`);
      await mkdir(part, { recursive: true, mode: 0o700 });
      try {
        for (const file of files) await copyIntoArtifact(file, root, part);
        if (overwrite) await rm(artifactPath(run, name), { recursive: true, force: true });
        await rename(part, artifactPath(run, name)).catch(() => {
          throw new StepFault(`Failed to create artifact: an artifact with the name '${name}' already exists on this run`);
        });
      } finally {
        await rm(part, { recursive: true, force: true });
      }
    },
    names: async (run) => {
      const found = await readdir(runDirectory(run)).catch(() => []);
      return found
        .filter((name) => !name.startsWith("."))
        .map((name) => decodeURIComponent(name))
        .sort();
    },
    find: async (run, name) => {
      const stat = await lstat(artifactPath(run, name)).catch(() => null);
      return stat ? artifactPath(run, name) : null;
    },
  };
};
