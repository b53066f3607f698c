import { isTelemetryOn } from "../core/telemetry/telemetry-settings.ts";
import type { SpanExporter } from "../telemetry/open-exporter.ts";
import type { TerminalHost } from "./terminal-host.ts";

type TerminalExporter = Pick<SpanExporter, "record" | "close">;

/**
 * Opens the exporter of a command; null if telemetry is off. A service logs an outage at once; a command reports it at its end, because
 * it draws its progress until then.
 */
export const openTerminalExporter = async (
  { env, now, after, err }: TerminalHost,
  { isService }: { readonly isService: boolean } = { isService: false },
): Promise<TerminalExporter | null> => {
  if (!isTelemetryOn(env)) return null;
  const { openExporter } = await import("../telemetry/open-exporter.ts");
  const held: string[] = [];
  const print = (line: string): void => err(`${line}\n`);
  const exporter = openExporter({ env, now, after, random: Math.random, log: isService ? print : (line) => void held.push(line) });
  const report = (): void => held.splice(0).forEach((line) => print(line));
  if (exporter === null) {
    report();
    return null;
  }
  return { record: exporter.record, close: () => exporter.close().then(report) };
};
