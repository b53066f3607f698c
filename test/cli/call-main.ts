import { PassThrough, Readable } from "node:stream";
import { main } from "../../src/cli/main.ts";
import type { TerminalHost } from "../../src/cli/terminal-host.ts";
import { after, now } from "../support/after.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Runs a subcommand as a function, in this process: without the second that a process of its own takes to load and to warm up. */
export const callMain = async (
  args: readonly string[],
  place: Pick<TerminalHost, "cwd" | "env" | "temporary">,
): Promise<{ code: number; out: string; err: string }> => {
  const printed = { out: "", err: "" };
  const code = await main(args, {
    ...place,
    out: (text) => void (printed.out += text),
    err: (text) => void (printed.err += text),
    exit: (status) => {
      throw new Error(`exit ${status}`);
    },
    stdin: Readable.from([]),
    stdout: new PassThrough(),
    isInteractive: false,
    size: () => ({ columns: 120, rows: 40 }),
    log: () => undefined,
    onInterrupt: () => undefined,
    waitForInterrupt: () => new Promise(() => undefined),
    root: ROOT,
    node: process.execPath,
    now,
    after,
  });
  return { code, ...printed };
};
