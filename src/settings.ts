import { join } from "node:path";
import { type ConfigText, type ReadConfig, readConfig } from "./config/read.ts";
import type { Clone } from "./git/clone.ts";
import { readLayers } from "./layers.ts";
import type { Sha } from "./model/ids.ts";

/** Configuration that goes before a repository's own, and what goes over it. */
export type Layers = { readonly under: readonly ConfigText[]; readonly over: readonly ConfigText[] };

/**
 * What an installation says: its built-in roles, then `machine/` (one person's own settings); over the repository goes `override/`.
 * The last two are there on one machine only.
 */
export const readInstallation = async (root: string): Promise<Layers> => ({
  under: await readLayers([root, join(root, "machine")]),
  over: await readLayers([join(root, "override")]),
});

/** The configuration as a commit of the default branch has it, between the layers; null is a repository without a commit. */
export const readSettings = async (clone: Clone, commit: Sha | null, { under, over }: Layers): Promise<ReadConfig> => {
  const files = commit === null ? [] : [...(await clone.readFiles(commit, [".enki/"]))];
  const own = files.filter(([path]) => path.endsWith(".toml")).map(([path, content]) => ({ path, text: content.toString("utf8") }));
  return readConfig([...under, ...own, ...over]);
};
