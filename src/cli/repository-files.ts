import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { NewFiles } from "../storage/git/git-objects.ts";

/** The Actions workflow files that Enki adds to a repository. */
const ENKI_WORKFLOW_NAMES = ["enki-step.yml"];

/** All files below a directory, in the form of a commit. */
export const readDirectoryFiles = async (directory: string): Promise<NewFiles> => {
  const files = new Map<string, { content: Buffer; mode: "100644" | "100755" }>();
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const mode = ((await stat(path)).mode & 0o100) === 0 ? "100644" : "100755";
    files.set(path.slice(directory.length + 1), { content: await readFile(path), mode });
  }
  return files;
};

/** Enki's own workflow files, from the installation. */
export const readEnkiWorkflowFiles = async (root: string): Promise<NewFiles> => {
  const files = new Map<string, { content: Buffer; mode: "100644" }>();
  for (const name of ENKI_WORKFLOW_NAMES) {
    const path = join(".github", "workflows", name);
    files.set(path, { content: await readFile(join(root, path)), mode: "100644" });
  }
  return files;
};
