import { randomBytes, randomUUID } from "node:crypto";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as core from "@actions/core";
import { runStep } from "./jobs/run-step.ts";

// What an agent or a test prints could be read as a command to the runner: between these two lines nothing is.
const token = randomUUID();
let stopped = false;
const setStopped = (next: boolean): void => {
  if (next !== stopped) core.info(next ? `::stop-commands::${token}` : `::${token}::`);
  stopped = next;
};
const say = (isTrusted: boolean, line: string): void => {
  setStopped(!isTrusted);
  core.info(line);
};

try {
  const failed = await runStep({
    env: process.env,
    root: dirname(dirname(fileURLToPath(import.meta.url))),
    node: process.execPath,
    input: (name) => core.getInput(name),
    output: (name, value) => core.setOutput(name, value),
    untrusted: (line) => say(false, line),
    info: (line) => say(true, line),
    now: Date.now,
    nonce: randomBytes(6).toString("hex"),
    after: (delay, call) => {
      const timer = setTimeout(call, delay);
      return () => clearTimeout(timer);
    },
  });
  setStopped(false);
  if (failed !== null) core.setFailed(failed);
} catch (error) {
  setStopped(false);
  core.setFailed(error instanceof Error ? error : String(error));
}
