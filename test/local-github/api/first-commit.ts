import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanAfterFile } from "../../support/cleanings.ts";

const NOTHING = () => new Map<string, string>();
let copies = NOTHING();
let directory: string | null = null;

/**
 * Makes the same directory for each test of a file: builds it for the first, and copies it for all others, because a repository with a
 * commit takes eight processes.
 */
export const makeOnce = async (key: string, path: string, build: () => Promise<unknown>): Promise<void> => {
  const known = copies.get(key);
  if (known !== undefined) return cpSync(known, path, { recursive: true });
  await build();
  if (directory === null) {
    const made = mkdtempSync(join(tmpdir(), "forge-first-"));
    directory = made;
    cleanAfterFile(() => {
      rmSync(made, { recursive: true, force: true });
      directory = null;
      copies = NOTHING();
    });
  }
  const copy = join(directory, String(copies.size));
  cpSync(path, copy, { recursive: true });
  copies.set(key, copy);
};
