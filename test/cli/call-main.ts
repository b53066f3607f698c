import { PassThrough, Readable } from "node:stream";
import { main } from "../../src/cli/main.ts";
import type { TerminalHost } from "../../src/cli/terminal-host.ts";
import { after, now } from "../support/after.ts";
import { appKey } from "../support/app-key.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

type Place = Pick<TerminalHost, "cwd" | "env" | "temporary">;
type Printed = { readonly out: string; readonly err: string };

/** A terminal in this process; `hear` receives what is printed after each change. */
const openHost = (place: Place, hear: (printed: Printed) => void = () => undefined) => {
  const printed = { out: "", err: "" };
  const print = (name: keyof Printed) => (text: string) => {
    printed[name] += text;
    hear(printed);
  };
  const host: TerminalHost = {
    ...place,
    out: print("out"),
    err: print("err"),
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
    appKey: appKey(),
    now,
    after,
  };
  return { host, printed };
};

/** Runs a subcommand as a function in this process, which saves a second of start and warm-up. */
export const callMain = async (args: readonly string[], place: Place): Promise<Printed & { code: number }> => {
  const { host, printed } = openHost(place);
  const code = await main(args, host);
  return { code, ...printed };
};

/** Starts a subcommand that serves until it is interrupted, as a function in this process. */
export const serveMain = (args: readonly string[], place: Place, hear: (printed: Printed) => void) => {
  const { host, printed } = openHost(place, hear);
  const tasks: (() => Promise<void>)[] = [];
  let exitCode = 130;
  const interruption = new AbortController();
  const interrupted = new Promise<void>((resolve) => interruption.signal.addEventListener("abort", () => resolve()));
  const onInterrupt: TerminalHost["onInterrupt"] = (clean, code = exitCode) => {
    tasks.push(clean);
    exitCode = code;
  };
  const cleaned = interrupted.then(async () => {
    await Promise.allSettled(tasks.map((clean) => clean()));
    return exitCode;
  });
  const ended = main(args, { ...host, onInterrupt, waitForInterrupt: () => interrupted });
  // An interrupted program ends with the code of the interrupt.
  const code = Promise.race([cleaned, ended.then((own) => (interruption.signal.aborted ? cleaned : own))]);
  return { ended: code.then((shown) => ({ code: shown, ...printed })), interrupt: () => interruption.abort() };
};
