import { constants } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Sha } from "../../core/domain/ids.ts";
import { type GitContext, runGitOrThrow } from "./run-git.ts";

type CopiedHistory = {
  readonly commit: Sha;
  /** The object directory of another repository. */
  readonly objects: string;
  /** A directory for packs on the same file system; undefined without one. */
  readonly cache: string | undefined;
};

const SUFFIXES = [".pack", ".idx"];
const UNFINISHED = "new-";

type WrittenPack = { readonly path: string; readonly hash: string };

/** Writes a commit with its history into one pack. Returns the path of its files without their suffixes, and the hash of its content. */
const packHistory = async (source: GitContext, commit: Sha, base: string): Promise<WrittenPack> => {
  const name = await runGitOrThrow(source, ["pack-objects", "-q", "--revs", "--delta-base-offset", base], `${commit}\n`);
  return { path: `${base}-${name.trim()}`, hash: name.trim() };
};

/** The hash in the names keeps apart the packs that two processes write for one commit: a pack with the index of another is broken. */
const createPack = async (source: GitContext, commit: Sha, cache: string): Promise<string> => {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const { path, hash } = await packHistory(source, commit, join(cache, `${UNFINISHED}${randomUUID()}`));
  const kept = join(cache, `${commit}-${hash}`);
  const keeping = (keepingLast.get(cache) ?? Promise.resolve()).then(() => keepLast(path, { cache, kept }));
  keepingLast.set(
    cache,
    keeping.catch(() => {}),
  );
  await keeping;
  return kept;
};

/** The last change of each cache: two at the same time would keep two packs. */
const keepingLast = new Map<string, Promise<void>>();

/** Only the last pack is kept, because each holds all history. */
const keepLast = async (path: string, { cache, kept }: { readonly cache: string; readonly kept: string }): Promise<void> => {
  const earlier = (await readdir(cache)).filter((name) => !name.startsWith(UNFINISHED));
  await Promise.all([...earlier.map((name) => join(cache, name)), `${path}.rev`].map((each) => rm(each, { force: true })));
  for (const suffix of SUFFIXES) await rename(`${path}${suffix}`, `${kept}${suffix}`);
};

/** The path of a commit's pack without its suffixes; null if the cache has none. */
const findPack = async (cache: string, commit: Sha): Promise<string | null> => {
  const names = (await readdir(cache).catch(() => [])).filter((name) => name.startsWith(`${commit}-`));
  const found = names.map((name) => name.replace(/\.\w+$/, "")).find((name) => SUFFIXES.every((suffix) => names.includes(name + suffix)));
  return found === undefined ? null : join(cache, found);
};

const packing = new Map<string, Promise<string>>();

/** Jobs that start together wait for one pack. */
const ensurePack = async (source: GitContext, commit: Sha, cache: string): Promise<string> => {
  const kept = await findPack(cache, commit);
  if (kept !== null) return kept;
  const place = join(cache, commit);
  const running = packing.get(place) ?? createPack(source, commit, cache).finally(() => packing.delete(place));
  packing.set(place, running);
  return running;
};

/**
 * Copies a commit with its history, in one process instead of the eight of a fetch. With a cache, the next copy of the same commit needs no
 * process.
 */
export const copyHistory = async (source: GitContext, { commit, objects, cache }: CopiedHistory): Promise<void> => {
  const target = join(objects, "pack", "pack");
  if (cache === undefined) return void (await packHistory(source, commit, target));
  try {
    const kept = await ensurePack(source, commit, cache);
    // Copies, because the workspace's files change their owner.
    for (const suffix of SUFFIXES) await copyFile(`${kept}${suffix}`, `${target}-${commit}${suffix}`, constants.COPYFILE_FICLONE);
  } catch {
    // The pack of another commit took its place.
    await packHistory(source, commit, target);
  }
};
