import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type AppHost, openAppService } from "../../src/coordinator/app-service.ts";
import { findInstallation } from "../../src/github/app-installation.ts";

const open = (repositories: readonly string[], over: Partial<AppHost>) => {
  const directory = mkdtempSync(join(tmpdir(), "enki-service-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const repository of repositories) mkdirSync(join(directory, `${repository}.git`), { recursive: true });
  const logged: string[] = [];
  const service = openAppService({
    // Nothing is reached in these tests: that each repository was taken up is told by its fault.
    openInstallation: () => ({
      octokit: { request: () => Promise.reject(new Error("unreachable")) },
      token: () => Promise.reject(new Error("none")),
    }),
    findInstallation: () => Promise.resolve(1),
    botLogin: "enki[bot]",
    serverUrl: "http://127.0.0.1:9",
    root: directory,
    directory,
    timers: { now: () => 0, after: () => () => undefined },
    random: () => 0,
    nonce: () => "n",
    log: (line) => logged.push(line),
    ledgerKeys: null,
    graceMs: 0,
    sweepIntervalMs: 300_000,
    ...over,
  });
  return { service, logged };
};

test("resumes every repository after a restart, despite a missing and an unresponsive one", async () => {
  const find = (repository: string): Promise<number | null> => {
    if (repository === "a/broken") return Promise.reject(new Error("wrong shape"));
    return repository === "b/hangs" ? new Promise(() => undefined) : Promise.resolve(1);
  };
  const { service, logged } = open(["a/broken", "b/hangs", "c/fine"], { findInstallation: find });
  void service.resumeRepositories();
  await expect.poll(() => logged.join("\n")).toMatch(/c\/fine: .*cannot be read/);
  expect(logged.join("\n")).toMatch(/a\/broken: .*wrong shape/);
  await service.close();
});

test("ignores a malformed answer instead of crashing", async () => {
  const asApp = { request: () => Promise.resolve({ status: 200, headers: {}, data: { message: "moved" } }) };
  expect(await findInstallation({ asApp, anonymous: asApp, now: () => 0 }, "a/b")).toBeNull();
});
