import { readPlay } from "../rehearsal/play.ts";
import { rehearse as perform } from "../rehearsal/rehearse.ts";
import { CannotError, readNamed, readWords, UsageError } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** `enki rehearse <file>`: an ACP agent on stdio that plays a file. */
export const rehearse = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const [path] = readWords(args, 1);
  if (path === undefined) throw new UsageError("which file is played? enki rehearse <file>");
  const play = readPlay(path, await readNamed(terminal, path));
  if (!play.ok) throw new CannotError(play.refusal.why);
  const { stdin, stdout, env, exit } = terminal;
  await perform({ play: play.value, stdin, stdout, env, exit });
  return 0;
};
