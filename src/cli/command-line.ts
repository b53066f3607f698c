import { access, constants } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import type { AgentChoice } from "./local-machine.ts";
import { CommandError, UsageError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** A command line as words: blanks part them, quotes keep them together, a backslash takes the next character as it is. Nothing is expanded. */
export const parseCommandLine = (text: string): AgentChoice => {
  const words = [...text.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g)].map(([word]) =>
    word.replaceAll(/"(?:\\.|[^"\\])*"|'[^']*'|\\./g, unquoteWord),
  );
  const [command = "", ...args] = words;
  return { command, args };
};

const unquoteWord = (part: string): string => {
  if (part.startsWith("'")) return part.slice(1, -1);
  return (part.startsWith('"') ? part.slice(1, -1) : part).replaceAll(/\\(.)/g, "$1");
};

/** An agent's command line whose command is there: a story that cannot begin is refused before anything is started. */
export const findAgentCommand = async ({ cwd, env }: Pick<TerminalHost, "cwd" | "env">, text: string): Promise<AgentChoice> => {
  const { command, args } = parseCommandLine(text);
  if (command === "") throw new UsageError("--agent needs a command line");
  const places = command.includes("/")
    ? [resolve(cwd, command)]
    : (env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, command));
  for (const path of places) {
    // Jobs work elsewhere: a relative path would mean another file there.
    if (await isExecutable(path)) return { command: path, args };
  }
  throw new CommandError(`the agent's command ${command} is not there, or cannot be executed`);
};

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
