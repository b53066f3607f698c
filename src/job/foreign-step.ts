import { Socket } from "node:net";
import process from "node:process";
import { text } from "node:stream/consumers";
import { openActionProcess } from "./action-process.ts";
import { STORE_CODE_ARGUMENT } from "./store-code-argument.ts";
import { loadAgentStep, runAgentStep, runVerifyStep } from "./foreign-steps.ts";

// The steps of the action that run foreign code, without all its other code: the runner of one machine starts them as this program,
// which takes half the time.
const { host, run } = openActionProcess(new URL("foreign-step.js", import.meta.url).href);
const WAITING_STEP_FD = 4;

/**
 * Waits for the directory and the variables of a step. The code of the step is loaded before, and nothing of a job is in this process until
 * then. Ends the process if no step comes.
 */
const awaitStep = async (): Promise<void> => {
  const [received] = await Promise.all([text(new Socket({ fd: WAITING_STEP_FD })), loadAgentStep()]);
  if (received === "") process.exit();
  const { directory, env } = JSON.parse(received) as { directory: string; env: Record<string, string> };
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(directory);
};

const main = async (): Promise<void> => {
  if (process.argv[2] === STORE_CODE_ARGUMENT) return void (await loadAgentStep());
  if (process.argv[2] === "wait") await awaitStep();
  await run(() => {
    const command = host.readInput("command");
    if (command === "agent") return runAgentStep(host);
    if (command === "verify") return runVerifyStep(host);
    return Promise.resolve(`unknown command '${command}'; use agent or verify`);
  });
};
void main();
