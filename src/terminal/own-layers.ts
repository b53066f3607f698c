import { homedir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { stat } from "node:fs/promises";
import type { ConfigText } from "../config/read.ts";
import { readLayers, readWorkflowLayers } from "../layers.ts";
import type { Terminal } from "./terminal.ts";

/** What counts in the working directory, in the order of the cascade: built in, this machine's, the repository's as its files are now. */
export const readOwnLayers = (terminal: Terminal): Promise<ConfigText[]> => readOwn(terminal, readLayers);

/** The workflow files that count there, in the same order. */
export const readOwnWorkflows = (terminal: Terminal): Promise<ConfigText[]> => readOwn(terminal, readWorkflowLayers);

const readOwn = async (terminal: Terminal, read: typeof readLayers): Promise<ConfigText[]> => {
  const own = await findOwn(terminal.cwd);
  const texts = await read([terminal.root, join(homedir(), ".enki"), ...(own === null ? [] : [own])]);
  return texts.map(({ path, text }) => ({ path: nameOf(terminal, path), text }));
};

/** The nearest `.enki` upwards, up to the top of the repository; null where there is none. A person's home has one that is the machine's. */
const findOwn = async (from: string): Promise<string | null> => {
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
const nameOf = ({ cwd, root }: Terminal, path: string): string => {
  if (path.startsWith(`${root}${sep}`)) return join("built-in", relative(root, path));
  if (path.startsWith(`${join(homedir(), ".enki")}${sep}`)) return join("~", relative(homedir(), path));
  return relative(cwd, path);
};
