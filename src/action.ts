import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import * as core from "@actions/core";
import { openActionProcess } from "./job/action-process.ts";
import { isTelemetryOn } from "./core/telemetry/telemetry-settings.ts";
import type { SpanSink } from "./core/telemetry/telemetry-span.ts";
import { readCoordinateStep } from "./core/domain/coordinate-step-name.ts";
import { useProxies } from "./job/network/use-proxies.ts";

const { log, host, run } = openActionProcess(import.meta.url);

/** The commands that send spans: they run no foreign code, and read none of its files. */
const TRACED_COMMANDS = ["coordinate", "deliver"];

const openTelemetry = async () => {
  if (!isTelemetryOn(host.env) || !TRACED_COMMANDS.includes(host.readInput("command"))) return null;
  const { openExporter } = await import("./telemetry/open-exporter.ts");
  return openExporter({ ...host, random: Math.random, log: host.logInfo });
};

const runCommand = async (telemetry: SpanSink | undefined): Promise<string | null> => {
  const writeSummary = async (markdown: string): Promise<void> => void (await core.summary.addRaw(markdown, true).write());
  const installed = { ...host, root: dirname(dirname(host.script)), telemetry, writeSummary };
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
  });
};

await run(async () => {
  useProxies(host.env);
  const telemetry = await openTelemetry();
  try {
    return await runCommand(telemetry ?? undefined);
  } finally {
    await telemetry?.close();
  }
});
