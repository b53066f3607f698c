import { basename, join, relative } from "node:path";
import { type ConfigText, type ConfigReading, readConfig } from "../../core/config/read-config.ts";
import type { RepositoryClone } from "../git/repository-clone.ts";
import { ORGANISATION_PROTECTED } from "../../core/policy/protected-paths.ts";
import type { OrganisationReader } from "./organisation-config.ts";
import { readConfigLayers, readWorkflowLayers } from "./config-layers.ts";
import type { Config } from "../../core/domain/config.ts";
import type { Sha } from "../../core/domain/ids.ts";

/** Configuration files with lower and with higher precedence than the repository. */
export type ConfigLayers = {
  readonly lowerLayers: readonly ConfigText[];
  readonly overrideLayers: readonly ConfigText[];
  /** Workflow files: a later file replaces an earlier one of the same name. */
  readonly workflows: readonly ConfigText[];
  /** Workflow files with higher precedence than the repository's. */
  readonly overrideWorkflows?: readonly ConfigText[];
  /** Reads the organisation's layer, above the installation and below the repository. */
  readonly readOrganisation?: OrganisationReader;
};

/** Reads the copies of the files in a directory that people know as `original`. */
const readCopiedLayers = async (directory: string, original: string): Promise<ConfigText[]> =>
  (await readConfigLayers([directory])).map((layer) => ({ ...layer, original: join(original, relative(directory, layer.path)) }));

/**
 * Reads the layers of an installation: built-in roles, then `machine/` (personal settings). `uncommitted/` (files of a person's work tree)
 * and then `override/` take precedence over the repository. Only a local machine has these three.
 */
export const readInstallationLayers = async (root: string): Promise<ConfigLayers> => ({
  lowerLayers: [...(await readConfigLayers([root])), ...(await readCopiedLayers(join(root, "machine"), "~/.enki"))],
  overrideLayers: [
    ...(await readCopiedLayers(join(root, "uncommitted"), ".enki")),
    ...(await readConfigLayers([join(root, "override")])).map((layer) => ({ ...layer, original: null })),
  ],
  workflows: await readWorkflowLayers([root, join(root, "machine")]),
  overrideWorkflows: await readWorkflowLayers([join(root, "uncommitted")]),
});

const WORKFLOW_PATH_PATTERN = /^\.(?:enki|github\/enki)\/workflows\/[^/]+\.md$/;

const indexWorkflowsByName = (files: readonly ConfigText[]): Config["workflows"] =>
  Object.fromEntries(files.map(({ path, text }) => [basename(path, ".md"), { path, text }]));

/** Whether the repository configures the owner's other repositories. */
const isOrganisationUrl = (url: string): boolean => /(?:^|[/\\])\.github(?:\.git)?\/?$/i.test(url);

/** Reads the configuration at a commit of the default branch, merged with the layers; null means a repository without commits. */
export const readRepositoryConfig = async (
  clone: RepositoryClone,
  commit: Sha | null,
  { lowerLayers, overrideLayers, workflows, overrideWorkflows = [], readOrganisation }: ConfigLayers,
): Promise<ConfigReading> => {
  const common = (await readOrganisation?.()) ?? [];
  const files = commit === null ? [] : [...(await clone.readFiles(commit, [".enki/"]))];
  const own = files.map(([path, content]) => ({ path, text: content.toString("utf8") }));
  const settingsOf = (texts: readonly ConfigText[]): ConfigText[] => texts.filter(({ path }) => path.endsWith(".toml"));
  const read = readConfig([...lowerLayers, ...settingsOf(common), ...settingsOf(own), ...overrideLayers]);
  const flows = [...common, ...own].filter(({ path }) => WORKFLOW_PATH_PATTERN.test(path));
  const policy = isOrganisationUrl(clone.url)
    ? { ...read.config.policy, protected: [...read.config.policy.protected, ...ORGANISATION_PROTECTED] }
    : read.config.policy;
  return { ...read, config: { ...read.config, policy, workflows: indexWorkflowsByName([...workflows, ...flows, ...overrideWorkflows]) } };
};
