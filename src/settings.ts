import { basename, join } from "node:path";
import { type ConfigText, type ReadConfig, readConfig } from "./config/read.ts";
import type { Clone } from "./git/clone.ts";
import { readLayers, readWorkflowLayers } from "./layers.ts";
import type { Config } from "./model/config.ts";
import type { Sha } from "./model/ids.ts";

/** Configuration that goes before a repository's own, and what goes over it. */
export type Layers = {
  readonly under: readonly ConfigText[];
  readonly over: readonly ConfigText[];
  /** Workflow files, later ones in the place of earlier ones of the same name. */
  readonly workflows: readonly ConfigText[];
  /** What the organisation says, between the two; read anew when it is called. */
  readonly organisation?: () => Promise<readonly ConfigText[]>;
};

/**
 * What an installation says: its built-in roles, then `machine/` (one person's own settings); over the repository goes `override/`.
 * The last two are there on one machine only.
 */
export const readInstallation = async (root: string): Promise<Layers> => ({
  under: await readLayers([root, join(root, "machine")]),
  over: await readLayers([join(root, "override")]),
  workflows: await readWorkflowLayers([root, join(root, "machine")]),
});

const WORKFLOW = /^\.(?:enki|github\/enki)\/workflows\/[^/]+\.md$/;

const byName = (files: readonly ConfigText[]): Config["workflows"] =>
  Object.fromEntries(files.map(({ path, text }) => [basename(path, ".md"), { path, text }]));

/** The configuration as a commit of the default branch has it, between the layers; null is a repository without a commit. */
export const readSettings = async (
  clone: Clone,
  commit: Sha | null,
  { under, over, workflows, organisation }: Layers,
): Promise<ReadConfig> => {
  const common = (await organisation?.()) ?? [];
  const files = commit === null ? [] : [...(await clone.readFiles(commit, [".enki/"]))];
  const own = files.map(([path, content]) => ({ path, text: content.toString("utf8") }));
  const settingsOf = (texts: readonly ConfigText[]): ConfigText[] => texts.filter(({ path }) => path.endsWith(".toml"));
  const read = readConfig([...under, ...settingsOf(common), ...settingsOf(own), ...over]);
  const flows = [...common, ...own].filter(({ path }) => WORKFLOW.test(path));
  return { ...read, config: { ...read.config, workflows: byName([...workflows, ...flows]) } };
};
