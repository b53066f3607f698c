import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as core from "@actions/core";
import { runStep } from "./jobs/run-step.ts";

// What an agent or a test prints could be read as a command to the runner: between these two lines nothing is.
const stopped = randomUUID();
const untrusted = (line: string): void => core.info(`::stop-commands::${stopped}\n${line}\n::${stopped}::`);

try {
  const failed = await runStep({
    env: process.env,
    root: dirname(dirname(fileURLToPath(import.meta.url))),
    node: process.execPath,
    input: (name) => core.getInput(name),
    output: (name, value) => core.setOutput(name, value),
    untrusted,
    info: (line) => core.info(line),
    now: Date.now,
    after: (delay, call) => {
      const timer = setTimeout(call, delay);
      return () => clearTimeout(timer);
    },
  });
  if (failed !== null) core.setFailed(failed);
} catch (error) {
  core.setFailed(error instanceof Error ? error : String(error));
}
