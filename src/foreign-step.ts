import { openActionProcess } from "./action-process.ts";
import { runAgentStep, runVerifyStep } from "./job/foreign-steps.ts";

// The steps of the action that run foreign code, without all its other code: the runner of one machine starts them as this program,
// which takes half the time.
const { host, run } = openActionProcess(import.meta.url);

await run(() => {
  const command = host.readInput("command");
  if (command === "agent") return runAgentStep(host);
  if (command === "verify") return runVerifyStep(host);
  return Promise.resolve(`unknown command '${command}'; use agent or verify`);
});
