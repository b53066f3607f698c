import { tmpdir } from "node:os";
import { PassThrough } from "node:stream";
import type { TerminalHost } from "../../src/cli/terminal-host.ts";
import { after } from "./after.ts";

type AskedPlace = Pick<TerminalHost, "cwd" | "env" | "root">;

/** Creates the terminal of a person who answers: `answer` receives each text, and returns the typed line, or null. */
export const createAskedTerminal = (place: AskedPlace, answer: (text: string) => string | null): TerminalHost => {
  const stdin = new PassThrough();
  const show = (text: string): void => {
    const typed = answer(text);
    if (typed !== null) queueMicrotask(() => void stdin.write(`${typed}\n`));
  };
  return {
    ...place,
    out: show,
    err: show,
    exit: () => {
      throw new Error("exit");
    },
    stdin,
    stdout: new PassThrough(),
    isInteractive: true,
    size: () => ({ columns: 80, rows: 24 }),
    log: () => undefined,
    onInterrupt: () => undefined,
    temporary: tmpdir(),
    waitForInterrupt: () => Promise.resolve(),
    node: process.execPath,
    now: () => 0,
    after,
  };
};
