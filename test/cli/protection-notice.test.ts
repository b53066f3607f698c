import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { probeProtection, openProtectionNotice } from "../../src/cli/protection-notice.ts";
import { hasNamespaces } from "../support/namespaces.ts";

/** Returns a search path with the given programs only. */
const onPath = (...programs: string[]): { env: { PATH: string }; temporary: string } => {
  const directory = mkdtempSync(join(tmpdir(), "enki-path-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const name of programs) symlinkSync(join(existsSync(join("/usr/bin", name)) ? "/usr/bin" : "/bin", name), join(directory, name));
  return { env: { PATH: directory }, temporary: tmpdir() };
};

describe("what a machine lacks against agents and commands", () => {
  test("is everything, without the programs that separate processes", async () => {
    const lines: string[] = [];
    await openProtectionNotice({ ...onPath(), err: (text) => void lines.push(text) })();
    const text = lines.join("");
    expect(text).toContain("! Agents and commands run as the same user as Enki, because there is neither root");
    expect(text).toContain("! Agents and commands see all processes of the machine");
    expect(text).toContain("! A process that leaves its group and clears its environment can outlive its step");
    expect(text).toContain("! Agents and commands can change every file of their user");
    expect(text).toContain("! An agent can bypass the limit of `[policy] network`");
  });

  test.runIf(hasNamespaces)("is nothing, with namespaces; and the trial leaves no file", async () => {
    const count = (): number => readdirSync(tmpdir()).filter((name) => name.startsWith("enki-protection-")).length;
    const before = count();
    const gaps = await probeProtection({ env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" }, temporary: tmpdir() });
    expect(gaps.filter((gap) => gap !== "writable-files")).toEqual([]);
    expect(count()).toBe(before);
  });

  test.runIf(process.getuid?.() === 0)("is sight of processes and an open network, for root without namespaces", async () => {
    expect(await probeProtection(onPath("bash", "env", "setpriv"))).toEqual(["no-namespaces", "open-network"]);
  });
});
