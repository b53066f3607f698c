import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import * as core from "@actions/core";
import { openActionProcess } from "./action-process.ts";
import { readCoordinateStep } from "./core/domain/coordinate-step-name.ts";
import { useProxies } from "./job/network/use-proxies.ts";

const { log, host, run } = openActionProcess(import.meta.url);
const installed = { ...host, root: dirname(dirname(host.script)) };

await run(async () => {
  useProxies(host.env);
  const step = readCoordinateStep(host.readInput("command"));
  if (step === null) {
    const { runJobStep } = await import("./job/run-job-step.ts");
    return runJobStep(installed);
  }
  // Loaded here, so that jobs of agents start without the coordinator.
  const { COORDINATE_STEPS } = await import("./coordinator/coordinate-step.ts");
  return COORDINATE_STEPS[step]({
    ...installed,
    random: Math.random,
    nonce: randomUUID,
    maskSecret: (secret) => log.command(() => core.setSecret(secret)),
    writeSummary: async (markdown) => void (await core.summary.addRaw(markdown, true).write()),
  });
});
