import { homedir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { stat } from "node:fs/promises";
import type { ConfigText } from "../core/config/read-config.ts";
import { readConfigLayers, readWorkflowLayers } from "../storage/config/config-layers.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** What counts in the working directory, in the order of the cascade: built in, this machine's, the repository's as its files are now. */
export const readEffectiveLayers = (terminal: TerminalHost): Promise<ConfigText[]> => readEffectiveFiles(terminal, readConfigLayers);

/** The workflow files that count there, in the same order. */
export const readEffectiveWorkflows = (terminal: TerminalHost): Promise<ConfigText[]> => readEffectiveFiles(terminal, readWorkflowLayers);

const readEffectiveFiles = async (terminal: TerminalHost, read: typeof readConfigLayers): Promise<ConfigText[]> => {
  const own = await findEnkiDirectory(terminal.cwd);
  const texts = await read([terminal.root, join(homedir(), ".enki"), ...(own === null ? [] : [own])]);
  return texts.map(({ path, text }) => ({ path: formatSourcePath(terminal, path), text }));
};

/** The nearest `.enki` upwards, up to the top of the repository; null where there is none. A person's home has one that is the machine's. */
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

/** A path as a person knows it: from the working directory, from home, or as one of the installation. */
const formatSourcePath = ({ cwd, root }: TerminalHost, path: string): string => {
  if (path.startsWith(`${root}${sep}`)) return join("built-in", relative(root, path));
  if (path.startsWith(`${join(homedir(), ".enki")}${sep}`)) return join("~", relative(homedir(), path));
  return relative(cwd, path);
};
