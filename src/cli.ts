import { tmpdir } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { main } from "./cli/main.ts";
import { hideEnvironment } from "./isolation/hide-environment.ts";
import { useProxies } from "./job/network/use-proxies.ts";

// Agents on this machine descend from this process, and a person's environment may hold keys.
hideEnvironment(process.env);
useProxies(process.env);

const EXIT_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const cleanupTasks: (() => Promise<void>)[] = [];
let isExiting = false;
let exitCode = 130;
/** Cleans up after a signal, or after the reader of the output closed the pipe, and exits. */
const cleanUpAndExit = (): void => {
  if (isExiting) return;
  isExiting = true;
  void Promise.allSettled(cleanupTasks.map((clean) => clean())).finally(() => process.exit(exitCode));
};
process.stdout.on("error", cleanUpAndExit);
process.stderr.on("error", cleanUpAndExit);

const code = main(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  // An interrupted task reports no failure.
  err: (text) => void (isExiting || process.stderr.write(text)),
  log: (line) => void (process.env["ENKI_LOG"] && process.stderr.write(`${line}\n`)),
  onInterrupt: (clean, code = exitCode) => {
    // A repeated signal must not end the process before its children.
    if (cleanupTasks.length === 0) for (const signal of EXIT_SIGNALS) process.on(signal, cleanUpAndExit);
    cleanupTasks.push(clean);
    exitCode = code;
  },
  waitForInterrupt: () => new Promise(() => setInterval(() => undefined, 1 << 30)),
  exit: (code) => process.exit(code),
  stdin: process.stdin,
  stdout: process.stdout,
  isInteractive: process.stdin.isTTY && process.stdout.isTTY,
  size: () => ({ columns: process.stdout.columns || 120, rows: process.stdout.rows || 40 }),
  cwd: process.cwd(),
  temporary: tmpdir(),
  env: process.env,
  root: dirname(dirname(fileURLToPath(import.meta.url))),
  node: process.execPath,
  now: Date.now,
  after: (delay, call) => {
    const timer = setTimeout(call, delay);
    return () => clearTimeout(timer);
  },
});
// A bundle for `load-bundle.ts` cannot await here.
void code.then((exitCode) => (process.exitCode = exitCode));
