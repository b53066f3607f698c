import { homedir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { stat } from "node:fs/promises";
import type { ConfigText } from "../core/config/read-config.ts";
import { readConfigLayers, readWorkflowLayers } from "../storage/config/config-layers.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** The configuration for the working directory, in the order of the cascade: built in, the machine's, the repository's present files. */
export const readEffectiveLayers = (terminal: TerminalHost): Promise<ConfigText[]> => readEffectiveFiles(terminal, readConfigLayers);

/** The workflow files for the working directory, in the same order. */
export const readEffectiveWorkflows = (terminal: TerminalHost): Promise<ConfigText[]> => readEffectiveFiles(terminal, readWorkflowLayers);

const readEffectiveFiles = async (terminal: TerminalHost, read: typeof readConfigLayers): Promise<ConfigText[]> => {
  const own = await findEnkiDirectory(terminal.cwd);
  const texts = await read([terminal.root, join(homedir(), ".enki"), ...(own === null ? [] : [own])]);
  return texts.map(({ path, text }) => ({ path: formatSourcePath(terminal, path), text }));
};

/**
 * The nearest `.enki` between the working directory and the top of the repository; otherwise null. A person's home holds the machine's
 * `.enki`; the machine's directory does not count.
 */
const findEnkiDirectory = async (from: string): Promise<string | null> => {
  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );
  for (let at = from; ; at = dirname(at)) {
    if (at !== homedir() && (await isThere(join(at, ".enki")))) return join(at, ".enki");
    if (at === dirname(at) || (await isThere(join(at, ".git")))) return null;
  }
};

/** A path as a person knows it: relative to the working directory, to home, or to the installation. */
const formatSourcePath = ({ cwd, root }: TerminalHost, path: string): string => {
  if (path.startsWith(`${root}${sep}`)) return join("built-in", relative(root, path));
  if (path.startsWith(`${join(homedir(), ".enki")}${sep}`)) return join("~", relative(homedir(), path));
  return relative(cwd, path);
};
