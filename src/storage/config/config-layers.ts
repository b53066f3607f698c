import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigText } from "../../core/config/read-config.ts";

/**
 * Reads configuration files in cascade order: for each directory `enki.toml`, then `roles/*.toml` by name.
 * The installation's root contains the built-in roles; `~/.enki` has the same layout. Missing files and directories are skipped.
 */
export const readConfigLayers = async (directories: readonly string[]): Promise<ConfigText[]> => {
  const layers: ConfigText[] = [];
  for (const directory of directories) {
    const roles = (await nullIfMissing(readdir(join(directory, "roles")))) ?? [];
    const paths = [
      "enki.toml",
      ...roles
        .filter((name) => name.endsWith(".toml"))
        .sort()
        .map((name) => join("roles", name)),
    ];
    for (const path of paths.map((each) => join(directory, each))) {
      const text = await nullIfMissing(readFile(path, "utf8"));
      if (text !== null) layers.push({ path, text });
    }
  }
  return layers;
};

/** Reads the workflow files of each directory: `workflows/*.md`, by name. */
export const readWorkflowLayers = async (directories: readonly string[]): Promise<ConfigText[]> => {
  const files: ConfigText[] = [];
  for (const directory of directories) {
    const names = (await nullIfMissing(readdir(join(directory, "workflows")))) ?? [];
    for (const name of names.filter((each) => each.endsWith(".md")).sort()) {
      const path = join(directory, "workflows", name);
      const text = await nullIfMissing(readFile(path, "utf8"));
      if (text !== null) files.push({ path, text });
    }
  }
  return files;
};

const nullIfMissing = async <T>(reading: Promise<T>): Promise<T | null> => {
  try {
    return await reading;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
};
