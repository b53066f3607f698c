#!/usr/bin/env node
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { main } from "./terminal/main.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  log: (line) => void (process.env["ENKI_LOG"] && process.stderr.write(`${line}\n`)),
  interrupted: (clean) => {
    for (const signal of SIGNALS) process.once(signal, () => void clean().finally(() => process.exit(130)));
  },
  untilInterrupted: (text) => {
    process.stdout.write(text);
    return new Promise(() => setInterval(() => undefined, 1 << 30));
  },
  exit: (code) => process.exit(code),
  stdin: process.stdin,
  stdout: process.stdout,
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
