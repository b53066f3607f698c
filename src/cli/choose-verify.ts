import { readConfig } from "../core/config/read-config.ts";
import { detectProject } from "../core/setup/detect-project.ts";
import { runGit } from "../storage/git/run-git.ts";
import { readEffectiveLayers } from "./effective-layers.ts";
import type { FoundRepository } from "./find-repository.ts";
import { readOwnRepository } from "./set-up/read-repository-facts.ts";
import type { TerminalHost } from "./terminal-host.ts";

export type ChosenVerify = {
  /** Replacements for the configured commands; empty to use the configured commands. */
  readonly commands: readonly string[];
  /** A line for the person about detected commands; empty without any. */
  readonly notice: string;
};

/**
 * Chooses the commands to verify a change on the local machine: from `--verify`, from the configuration, or from the tests in the committed
 * files, in this order.
 */
export const chooseVerify = async (
  terminal: TerminalHost,
  found: FoundRepository,
  given: readonly string[] | undefined,
): Promise<ChosenVerify> => {
  if (given !== undefined) return { commands: given, notice: "" };
  const { config } = readConfig(await readEffectiveLayers({ ...terminal, cwd: found.directory }));
  if (config.broken !== null || config.refinery.verify.length > 0) return { commands: [], notice: "" };
  const { facts } = await readOwnRepository(terminal, found);
  // The copy for verification lacks uncommitted files.
  const committed = await listCommittedFiles(terminal, found.directory);
  const commands = detectProject({
    paths: facts.paths.filter((path) => committed.has(path)),
    read: (path) => (committed.has(path) ? facts.read(path) : null),
  }).verify;
  return { commands, notice: commands.length === 0 ? "" : formatNotice(commands) };
};

const listCommittedFiles = async ({ after }: TerminalHost, directory: string): Promise<ReadonlySet<string>> => {
  const { code, stdout } = await runGit({ directory, after, env: {} }, ["ls-tree", "-r", "-z", "--name-only", "HEAD"]);
  return new Set(code === 0 ? stdout.toString("utf8").split("\0") : []);
};

const formatNotice = (commands: readonly string[]): string =>
  `Every change must pass ${commands.join(" && ")}, detected in this repository's files. To choose other commands, use --verify or [refinery] verify in .enki/enki.toml.\n`;
