import { basename, dirname, join, relative, sep } from "node:path";
import { stat } from "node:fs/promises";
import { formatFault } from "../core/config/config-fault.ts";
import { type ConfigText, readConfig } from "../core/config/read-config.ts";
import { readConfigLayers, readWorkflowLayers } from "../storage/config/config-layers.ts";
import { findHome } from "./find-home.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** The configuration for the working directory, in the order of the cascade: built in, the machine's, the repository's present files. */
export const readEffectiveLayers = (terminal: TerminalHost): Promise<ConfigText[]> => readEffectiveFiles(terminal, readConfigLayers);

/** The workflow files for the working directory, in the same order. */
export const readEffectiveWorkflows = (terminal: TerminalHost): Promise<ConfigText[]> => readEffectiveFiles(terminal, readWorkflowLayers);

export const formatBrokenConfig = (fault: string): string => `${fault}\nenki validate lists every mistake.`;

/** Why nothing can start with the effective `enki.toml`, with the path that a person knows; null without a mistake. */
export const explainBrokenConfig = async (terminal: TerminalHost): Promise<string | null> => {
  const { config, faults } = readConfig(await readEffectiveLayers(terminal));
  if (config.broken === null) return null;
  const fault = faults.find(({ file }) => basename(file) === "enki.toml");
  return formatBrokenConfig(fault ? formatFault(fault) : config.broken);
};

const readEffectiveFiles = async (terminal: TerminalHost, read: typeof readConfigLayers): Promise<ConfigText[]> => {
  const own = await findEnkiDirectory(terminal);
  const texts = await read([terminal.root, join(findHome(terminal), ".enki"), ...(own === null ? [] : [own])]);
  return texts.map(({ path, text }) => ({ path: formatSourcePath(terminal, path), text }));
};

/**
 * The nearest `.enki` between the working directory and the top of the repository; otherwise null. A person's home holds the machine's
 * `.enki`; the machine's directory does not count.
 */
const findEnkiDirectory = async ({ cwd, env }: TerminalHost): Promise<string | null> => {
  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );
  for (let at = cwd; ; at = dirname(at)) {
    if (at !== findHome({ env }) && (await isThere(join(at, ".enki")))) return join(at, ".enki");
    if (at === dirname(at) || (await isThere(join(at, ".git")))) return null;
  }
};

/** A path as a person knows it: relative to the working directory, to home, or to the installation. */
const formatSourcePath = ({ cwd, env, root }: TerminalHost, path: string): string => {
  const home = findHome({ env });
  if (path.startsWith(`${root}${sep}`)) return join("built-in", relative(root, path));
  if (path.startsWith(`${join(home, ".enki")}${sep}`)) return join("~", relative(home, path));
  return relative(cwd, path);
};
