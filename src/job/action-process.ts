import { randomBytes, randomUUID } from "node:crypto";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as core from "@actions/core";
import { hideEnvironment } from "../isolation/hide-environment.ts";
import { relayTools } from "./tools/relay-tools.ts";
import { openRunnerLog } from "./runner-log.ts";

/** Prepares a process of the action to run any of the action's commands. `url` is the URL of the process's own file. */
export const openActionProcess = (url: string) => {
  const log = openRunnerLog({ print: core.info, token: randomUUID(), soon: queueMicrotask });
  process.once("exit", log.flush);
  const host = {
    env: process.env,
    script: fileURLToPath(url),
    node: process.execPath,
    readInput: (name: string) => core.getInput(name),
    setOutput: (name: string, value: string) => core.setOutput(name, value),
    logInfo: log.write,
    now: Date.now,
    nonce: randomBytes(6).toString("hex"),
    onInterrupt: (call: () => void) => {
      process.once("SIGINT", call);
      return () => void process.off("SIGINT", call);
    },
    after: (delay: number, call: () => void) => {
      const timer = setTimeout(call, delay);
      return () => clearTimeout(timer);
    },
  };
  const runStep = async (runCommand: () => Promise<string | null>): Promise<void> => {
    try {
      const failed = await runCommand();
      log.close();
      if (failed !== null) core.setFailed(failed);
    } catch (error) {
      log.close();
      core.setFailed(error instanceof Error ? error : String(error));
    }
  };
  return {
    log,
    host,
    run: async (runCommand: () => Promise<string | null>): Promise<void> => {
      // The environment of a step holds tokens and keys, and all processes of the step descend from this process.
      hideEnvironment(process.env);
      // An agent starts the same file again to reach the tools of its job.
      if (process.argv[2] === "mcp")
        await relayTools({ socket: process.env["ENKI_SOCKET"] ?? "", stdin: process.stdin, stdout: process.stdout });
      else await runStep(runCommand);
    },
  };
};
