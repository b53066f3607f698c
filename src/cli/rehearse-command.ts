import { readAgentScript } from "./scripted-agent/agent-script.ts";
import { runScriptedAgent as perform } from "./scripted-agent/run-scripted-agent.ts";
import { CommandError, readNamedFile, readWords, UsageError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** `enki rehearse <file>`: plays a file as an ACP agent on stdio. */
export const runRehearseCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const [path] = readWords(args, 1);
  if (path === undefined) throw new UsageError("name the file to play: enki rehearse <file>");
  const play = readAgentScript(path, await readNamedFile(terminal, path));
  if (!play.ok) throw new CommandError(play.refusal.message);
  const { stdin, stdout, env, exit } = terminal;
  await perform({ play: play.value, stdin, stdout, env, exit });
  return 0;
};
