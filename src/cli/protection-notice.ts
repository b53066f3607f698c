import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ProtectionGap } from "../core/domain/protection-gap.ts";
import { explainProtectionGaps } from "../core/messages/protection-gaps.ts";
import { isEnvironmentReadable } from "../isolation/hide-environment.ts";
import { openJobSandbox } from "../job/sandbox/open-job-sandbox.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** Separates a trial job on this machine, and returns the missing protections. */
export const probeProtection = async ({ env, temporary }: Pick<TerminalHost, "env" | "temporary">): Promise<readonly ProtectionGap[]> => {
  const place = await mkdtemp(join(temporary, "enki-protection-"));
  try {
    const [workspace, temp] = [join(place, "work"), join(place, "temp")];
    const reach = join(temp, "enki", "agent");
    await mkdir(workspace);
    await mkdir(reach, { recursive: true });
    const sandbox = await openJobSandbox({ env, workspace, temp, reach, readable: [process.execPath], relayNode: process.execPath });
    const isCut = await sandbox.canCutNetwork(process.execPath);
    await sandbox.close();
    const isExposed = sandbox.gaps.includes("same-user") && isEnvironmentReadable();
    return [...sandbox.gaps, ...(isExposed ? (["readable-environment"] as const) : []), ...(isCut ? [] : (["open-network"] as const))];
  } finally {
    await rm(place, { recursive: true, force: true });
  }
};

/**
 * Looks for the missing protections of this machine against agents and commands. The returned function prints them, so that the machine
 * can start meanwhile.
 */
export const openProtectionNotice = (terminal: Pick<TerminalHost, "env" | "err" | "temporary">): (() => Promise<void>) => {
  const looking = probeProtection(terminal);
  // Whoever prints sees the error.
  looking.catch(() => undefined);
  return async () => {
    for (const sentence of explainProtectionGaps(await looking)) terminal.err(`! ${sentence}\n`);
  };
};
