import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FoundRepository } from "./find-repository.ts";

const SETTINGS_FOLDER = ".enki/";

/** Copies the uncommitted roles, workflows and `enki.toml` of a work tree, in the layout of an installation. Returns the directory. */
export const copyUncommittedSettings = async (
  { directory, uncommittedSettings }: Pick<FoundRepository, "directory" | "uncommittedSettings">,
  target: string,
): Promise<string> => {
  for (const path of uncommittedSettings) {
    const copy = join(target, path.slice(SETTINGS_FOLDER.length));
    await mkdir(dirname(copy), { recursive: true });
    await writeFile(copy, await readFile(join(directory, path)));
  }
  return target;
};

/** Reports uncommitted files. `missing` says where the unused files are missing. */
export const describeUncommitted = ({ uncommittedFiles, uncommittedSettings }: FoundRepository, missing: string): string[] => [
  ...(uncommittedSettings.length > 0 ? [`Used although not committed: ${uncommittedSettings.join(", ")}.`] : []),
  ...(uncommittedFiles > 0 ? [`Uncommitted work is ${missing}: ${uncommittedFiles} ${uncommittedFiles === 1 ? "file" : "files"}.`] : []),
];
