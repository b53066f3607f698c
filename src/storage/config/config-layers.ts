import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigText } from "../../core/config/read-config.ts";

/**
 * The configuration files of directories, in the order of the cascade: of each its `enki.toml`, then its `roles/*.toml` by name.
 * The installation's root gives the built-in roles; `~/.enki` has the same form. A file or directory that is not there gives nothing.
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

/** The workflow files of directories: of each its `workflows/*.md` by name. */
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

/** Null for what does not exist; anything else that goes wrong is a fault. */
const nullIfMissing = async <T>(reading: Promise<T>): Promise<T | null> => {
  try {
    return await reading;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
};
