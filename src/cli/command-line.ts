import { access, constants, realpath } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { listHomeDirectories } from "../isolation/home-directories.ts";
import { isInsideDirectory, SHARED_DIRECTORIES } from "../isolation/mount-plan.ts";
import type { AgentChoice } from "./local-machine.ts";
import { PRESET_NAMES, splitCommandLine } from "../core/domain/agent-command.ts";
import { findNearestWord } from "../core/domain/nearest-word.ts";
import { CommandError, UsageError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const parseCommandLine = (text: string): AgentChoice => {
  const [command = "", ...args] = splitCommandLine(text);
  return { command, args };
};

/** Parses an agent's command line and checks that its command exists, before anything starts. */
export const findAgentCommand = async ({ cwd, env }: Pick<TerminalHost, "cwd" | "env">, text: string): Promise<AgentChoice> => {
  const { command, args } = parseCommandLine(text);
  if (command === "") throw new UsageError("--agent needs a command line");
  const places = command.includes("/")
    ? [resolve(cwd, command)]
    : (env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, command));
  for (const path of places) {
    // Jobs run in other directories, so a relative path would name another file there.
    if (await isExecutable(path)) return { command: await findVisiblePath({ env }, path), args };
  }
  const preset = findNearestWord(command, PRESET_NAMES);
  const meant = preset === null || preset === command ? "" : `; did you mean ${preset}?`;
  throw new CommandError(`the agent's command ${command} was not found, or cannot be executed${meant}`);
};

/**
 * The path under which jobs see a program that a person chose. In a directory that jobs do not see, they see the program itself but no link
 * to it, unless the directory is on the PATH.
 */
const findVisiblePath = async ({ env }: Pick<TerminalHost, "env">, path: string): Promise<string> => {
  const hidden = [...SHARED_DIRECTORIES, ...listHomeDirectories(env)].some((directory) => isInsideDirectory(path, directory));
  const isSearched = (env["PATH"] ?? "").split(delimiter).includes(dirname(path));
  return hidden && !isSearched ? realpath(path) : path;
};

export const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
