import { constants, existsSync } from "node:fs";
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

/** Writes a commit with its history into one pack. Returns the path of its files without their suffixes. */
const packHistory = async (source: GitContext, commit: Sha, base: string): Promise<string> => {
  const name = await runGitOrThrow(source, ["pack-objects", "-q", "--revs", "--delta-base-offset", base], `${commit}\n`);
  return `${base}-${name.trim()}`;
};

const createPack = async (source: GitContext, commit: Sha, cache: string): Promise<void> => {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const pack = await packHistory(source, commit, join(cache, `${UNFINISHED}${randomUUID()}`));
  // Only the last pack is kept, because each holds all history.
  const earlier = (await readdir(cache)).filter((name) => !name.startsWith(UNFINISHED));
  await Promise.all([...earlier.map((name) => join(cache, name)), `${pack}.rev`].map((path) => rm(path, { force: true })));
  for (const suffix of SUFFIXES) await rename(`${pack}${suffix}`, join(cache, `${commit}${suffix}`));
};

const packing = new Map<string, Promise<void>>();

/** Jobs that start together wait for one pack. */
const ensurePack = async (source: GitContext, commit: Sha, cache: string): Promise<string> => {
  const kept = join(cache, commit);
  if (SUFFIXES.every((suffix) => existsSync(`${kept}${suffix}`))) return kept;
  const running = packing.get(kept) ?? createPack(source, commit, cache).finally(() => packing.delete(kept));
  packing.set(kept, running);
  await running;
  return kept;
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
