import { randomBytes, randomUUID } from "node:crypto";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as core from "@actions/core";
import { hideEnvironment } from "./isolation/hide-environment.ts";
import { readCoordinateStep } from "./core/domain/coordinate-step-name.ts";
import { openRunnerLog } from "./job/runner-log.ts";

const script = fileURLToPath(import.meta.url);

const log = openRunnerLog({ print: core.info, token: randomUUID() });

const host = {
  env: process.env,
  root: dirname(dirname(script)),
  readInput: (name: string) => core.getInput(name),
  setOutput: (name: string, value: string) => core.setOutput(name, value),
  logInfo: log.write,
  now: Date.now,
  after: (delay: number, call: () => void) => {
    const timer = setTimeout(call, delay);
    return () => clearTimeout(timer);
  },
};

const runCommand = async (): Promise<string | null> => {
  const step = readCoordinateStep(host.readInput("command"));
  if (step === null) {
    const { runJobStep } = await import("./job/run-job-step.ts");
    return runJobStep({
      ...host,
      script,
      node: process.execPath,
      nonce: randomBytes(6).toString("hex"),
    });
  }
  // Loaded here, so that jobs of agents start without the coordinator.
  const { COORDINATE_STEPS } = await import("./coordinator/coordinate-step.ts");
  return COORDINATE_STEPS[step]({
    ...host,
    random: Math.random,
    nonce: randomUUID,
    maskSecret: (secret) => log.command(() => core.setSecret(secret)),
    writeSummary: async (markdown) => void (await core.summary.addRaw(markdown, true).write()),
  });
};

const runStep = async (): Promise<void> => {
  try {
    const failed = await runCommand();
    log.close();
    if (failed !== null) core.setFailed(failed);
  } catch (error) {
    log.close();
    core.setFailed(error instanceof Error ? error : String(error));
  }
};

// The environment of a step holds tokens and keys, and all processes of the step descend from this process.
hideEnvironment(process.env);

// An agent starts this file once more to reach the tools of its job.
if (process.argv[2] === "mcp") {
  const { relayTools } = await import("./job/tools/relay-tools.ts");
  await relayTools({ socket: process.env["ENKI_SOCKET"] ?? "", stdin: process.stdin, stdout: process.stdout });
} else await runStep();
