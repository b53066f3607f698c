import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Names the directory that all terminals of the tests use as `~/.cache/enki`. */
const VARIABLE = "ENKI_TEST_CACHE";

export const findSharedCache = (): string | undefined => process.env[VARIABLE];

/**
 * Lets the terminals of all tests share one cache of compiled code, like the commands of one person. Otherwise each terminal's commands
 * compile the bundles again and store their code, which takes longer than many a test. Returns what removes the directory.
 */
export const setup = (): (() => void) => {
  const directory = mkdtempSync(join(tmpdir(), "enki-cache-"));
  // An agent that one test installs would be found by others: with this file, its installation fails.
  writeFileSync(join(directory, "agents"), "");
  process.env[VARIABLE] = directory;
  return () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
};
