import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readPlay } from "../rehearsal/play.ts";
import { rehearse as perform } from "../rehearsal/rehearse.ts";
import type { Terminal } from "./terminal.ts";

/** `enki rehearse <file>`: an ACP agent on stdio that plays a file. */
export const rehearse = async ([path]: readonly string[], terminal: Terminal): Promise<number> => {
  if (path === undefined) {
    terminal.err("enki rehearse: which file?\n");
    return 2;
  }
  const play = readPlay(path, await readFile(resolve(terminal.cwd, path), "utf8"));
  if (!play.ok) {
    terminal.err(`${play.refusal.why}\n`);
    return 1;
  }
  const { stdin, stdout, env, exit } = terminal;
  await perform({ play: play.value, stdin, stdout, env, exit });
  return 0;
};
