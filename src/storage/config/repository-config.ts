import { basename, join } from "node:path";
import { type ConfigText, type ConfigReading, readConfig } from "../../core/config/read-config.ts";
import type { RepositoryClone } from "../git/repository-clone.ts";
import { readConfigLayers, readWorkflowLayers } from "./config-layers.ts";
import type { Config } from "../../core/domain/config.ts";
import type { Sha } from "../../core/domain/ids.ts";

/** Configuration that goes before a repository's own, and what goes over it. */
export type ConfigLayers = {
  readonly lowerLayers: readonly ConfigText[];
  readonly overrideLayers: readonly ConfigText[];
  /** Workflow files, later ones in the place of earlier ones of the same name. */
  readonly workflows: readonly ConfigText[];
  /** What the organisation says, between the two; read anew when it is called. */
  readonly readOrganisation?: () => Promise<readonly ConfigText[]>;
};

/**
 * What an installation says: its built-in roles, then `machine/` (one person's own settings); over the repository goes `override/`.
 * The last two are there on one machine only.
 */
export const readInstallationLayers = async (root: string): Promise<ConfigLayers> => ({
  lowerLayers: await readConfigLayers([root, join(root, "machine")]),
  overrideLayers: await readConfigLayers([join(root, "override")]),
  workflows: await readWorkflowLayers([root, join(root, "machine")]),
});

const WORKFLOW_PATH_PATTERN = /^\.(?:enki|github\/enki)\/workflows\/[^/]+\.md$/;

const indexWorkflowsByName = (files: readonly ConfigText[]): Config["workflows"] =>
  Object.fromEntries(files.map(({ path, text }) => [basename(path, ".md"), { path, text }]));

/** The configuration as a commit of the default branch has it, between the layers; null is a repository without a commit. */
export const readRepositoryConfig = async (
  clone: RepositoryClone,
  commit: Sha | null,
  { lowerLayers, overrideLayers, workflows, readOrganisation }: ConfigLayers,
): Promise<ConfigReading> => {
  const common = (await readOrganisation?.()) ?? [];
  const files = commit === null ? [] : [...(await clone.readFiles(commit, [".enki/"]))];
  const own = files.map(([path, content]) => ({ path, text: content.toString("utf8") }));
  const settingsOf = (texts: readonly ConfigText[]): ConfigText[] => texts.filter(({ path }) => path.endsWith(".toml"));
  const read = readConfig([...lowerLayers, ...settingsOf(common), ...settingsOf(own), ...overrideLayers]);
  const flows = [...common, ...own].filter(({ path }) => WORKFLOW_PATH_PATTERN.test(path));
  return { ...read, config: { ...read.config, workflows: indexWorkflowsByName([...workflows, ...flows]) } };
};
