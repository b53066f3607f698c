#!/usr/bin/env node
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { main } from "./terminal/main.ts";

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
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
