import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";

const MEMORY_DISK = "/dev/shm";
const NEEDED_BYTES = 8e9;
/** Includes memory for the tests' own processes. */
const NEEDED_FREE_BYTES = 12e9;

const hasRoom = (): boolean => {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DISK);
    return bavail * bsize >= NEEDED_BYTES && freemem() >= NEEDED_FREE_BYTES;
  } catch {
    return false;
  }
};

/** Some machines refuse to start programs from there. */
const startsPrograms = (directory: string): boolean => {
  const probe = join(directory, "probe");
  writeFileSync(probe, "#!/bin/sh\n");
  chmodSync(probe, 0o700);
  return spawnSync(probe).status === 0;
};

/**
 * Puts temporary files into memory if memory is free and TMPDIR names no other place: the tests create thousands of repositories, which takes
 * half the time of a disk. Returns a function that removes the files.
 */
export const setup = (): (() => void) | undefined => {
  if (process.env["TMPDIR"] !== undefined || !hasRoom()) return undefined;
  const directory = mkdtempSync(join(MEMORY_DISK, "enki-"));
  const remove = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  if (!startsPrograms(directory)) {
    remove();
    return undefined;
  }
  process.env["TMPDIR"] = directory;
  return remove;
};
