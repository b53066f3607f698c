import { randomBytes, randomUUID } from "node:crypto";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as core from "@actions/core";
import { runJobStep } from "./job/run-job-step.ts";
import { relayTools } from "./job/tools/relay-tools.ts";

const script = fileURLToPath(import.meta.url);

// The runner reads commands from its log. Between these two lines it reads none, whatever an agent or a test prints.
const endToken = randomUUID();
let isStopped = false;
const setStopped = (next: boolean): void => {
  if (next !== isStopped) core.info(next ? `::stop-commands::${endToken}` : `::${endToken}::`);
  isStopped = next;
};
const writeLogLine = (isTrusted: boolean, line: string): void => {
  setStopped(!isTrusted);
  core.info(line);
};

const runStep = async (): Promise<void> => {
  try {
    const failed = await runJobStep({
      env: process.env,
      root: dirname(dirname(script)),
      script,
      node: process.execPath,
      readInput: (name) => core.getInput(name),
      setOutput: (name, value) => core.setOutput(name, value),
      logUntrusted: (line) => writeLogLine(false, line),
      logInfo: (line) => writeLogLine(true, line),
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
};

// An agent starts this file once more to reach the tools of its job.
if (process.argv[2] === "mcp") await relayTools({ socket: process.env["ENKI_SOCKET"] ?? "", stdin: process.stdin, stdout: process.stdout });
else await runStep();
