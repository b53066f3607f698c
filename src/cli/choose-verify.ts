import { readConfig } from "../core/config/read-config.ts";
import { detectProject } from "../core/setup/detect-project.ts";
import { readEffectiveLayers } from "./effective-layers.ts";
import type { FoundRepository } from "./find-repository.ts";
import { readOwnRepository } from "./set-up/read-repository-facts.ts";
import type { TerminalHost } from "./terminal-host.ts";

export type ChosenVerify = {
  /** Commands that replace the configured ones; empty to use the configured ones. */
  readonly commands: readonly string[];
  /** A line for the person about commands that were detected; empty if there are none. */
  readonly notice: string;
};

/**
 * Chooses the commands that verify a change on this machine: those of `--verify`, else the configured ones, else the tests that the
 * repository's files suggest.
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
  const commands = detectProject(facts).verify;
  return { commands, notice: commands.length === 0 ? "" : formatNotice(commands) };
};

const formatNotice = (commands: readonly string[]): string =>
  `Every change must pass ${commands.join(" && ")}, which this repository's files suggest. To choose other commands, use --verify or [refinery] verify in .enki/enki.toml.\n`;
