import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import type { FileFault } from "../core/config/config-fault.ts";
import type { ConfigReading, ConfigText } from "../core/config/read-config.ts";
import { locateTomlKeys } from "../core/config/toml-positions.ts";
import { splitCommandLine } from "../core/domain/agent-command.ts";
import { explainMissingCommand } from "../core/messages/agent-check.ts";
import { isExecutable } from "./command-line.ts";
import type { TerminalHost } from "./terminal-host.ts";

const COMMAND_KEY = /^agent\.(?:\w+\.)?command$/;

/** Configured commands of agents that the machine cannot start. Overridden commands are not checked. */
export const findMissingCommands = async (
  terminal: TerminalHost,
  { effectiveFile, origins }: Pick<ConfigReading, "effectiveFile" | "origins">,
): Promise<FileFault[]> => {
  const faults: FileFault[] = [];
  for (const [key, file] of origins) {
    if (!COMMAND_KEY.test(key)) continue;
    const path = key.split(".");
    const table = path.slice(0, -1).reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], effectiveFile);
    const { command, args } = table as { readonly command: string; readonly args?: readonly string[] };
    const program = args === undefined ? (splitCommandLine(command)[0] ?? "") : command;
    if (await canStart(terminal, file, program)) continue;
    faults.push({ file: file.path, ...locateTomlKeys(file.text)(path), code: "missing-command", ...explainMissingCommand(key, program) });
  }
  return faults;
};

/** A relative path names a file of the repository, because jobs start agents there. */
const canStart = async ({ cwd, env }: TerminalHost, file: ConfigText, program: string): Promise<boolean> => {
  const directories = program.includes("/")
    ? [cwd, resolve(cwd, dirname(file.path), "..")]
    : (env["PATH"] ?? "").split(delimiter).filter((directory) => isAbsolute(directory));
  const places = isAbsolute(program) ? [program] : directories.map((directory) => join(directory, program));
  const found = await Promise.all(places.map((place) => isExecutable(place)));
  return found.includes(true);
};
