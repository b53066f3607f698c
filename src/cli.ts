#!/usr/bin/env node
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { main } from "./terminal/main.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const cleanings: (() => Promise<void>)[] = [];
let ending = false;
/** A person ended it, by a signal or by closing what it prints to: nobody listens any more. */
const end = (): void => {
  if (ending) return;
  ending = true;
  void Promise.allSettled(cleanings.map((clean) => clean())).finally(() => process.exit(130));
};
process.stdout.on("error", end);
process.stderr.on("error", end);

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  // What fails because it was ended is no failure.
  err: (text) => void (ending || process.stderr.write(text)),
  log: (line) => void (process.env["ENKI_LOG"] && process.stderr.write(`${line}\n`)),
  interrupted: (clean) => {
    cleanings.push(clean);
    for (const signal of SIGNALS) process.once(signal, end);
  },
  untilInterrupted: () => new Promise(() => setInterval(() => undefined, 1 << 30)),
  exit: (code) => process.exit(code),
  stdin: process.stdin,
  stdout: process.stdout,
  isInteractive: process.stdin.isTTY && process.stdout.isTTY,
  size: () => ({ columns: process.stdout.columns || 120, rows: process.stdout.rows || 40 }),
  cwd: process.cwd(),
  env: process.env,
  root: dirname(dirname(fileURLToPath(import.meta.url))),
  node: process.execPath,
  now: Date.now,
  after: (delay, call) => {
    const timer = setTimeout(call, delay);
    return () => clearTimeout(timer);
  },
});
