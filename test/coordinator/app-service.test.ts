import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type AppHost, openAppService } from "../../src/coordinator/app-service.ts";
import { findInstallation, listInstalledRepositories } from "../../src/github/app-installation.ts";

const open = (repositories: readonly string[], over: Partial<AppHost>) => {
  const directory = mkdtempSync(join(tmpdir(), "enki-service-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const repository of repositories) mkdirSync(join(directory, `${repository}.git`), { recursive: true });
  const logged: string[] = [];
  const service = openAppService({
    // These tests reach no GitHub: each repository's fault proves that the App has taken it up.
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

const answer = (data: unknown) => Promise.resolve({ status: 200, headers: {}, data });
const installed = (count: number, over: object = {}) => Array.from({ length: count }, (_, id) => ({ id, ...over }));
const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

test("lists every installation and its repositories page by page, without suspended, archived and unreadable ones", async () => {
  const pages = [installed(100), [...installed(5), { id: 7, suspended_at: "2026-11-20T12:00:00Z" }]];
  const asApp = {
    request: (route: string, { page, installation_id: id }: Record<string, unknown> = {}) => {
      if (route === "GET /app/installations") return answer(pages[Number(page) - 1]);
      if (id === 3) return Promise.reject(new Error("suspended just now"));
      return answer({ token: "t", expires_at: "2100-01-01T00:00:00Z" });
    },
  };
  const repositories = Array.from({ length: 100 }, (_, at) => ({ full_name: `a/r${at}`, archived: at === 1, disabled: at === 2 }));
  const anonymous = {
    request: (_: string, { page }: Record<string, unknown> = {}) =>
      answer({ repositories: page === 1 ? repositories : [{ full_name: "a/last" }] }),
  };
  const faults: number[] = [];
  const found = await collect(listInstalledRepositories({ asApp, anonymous, now: () => 0 }, (id) => void faults.push(id)));
  expect(faults).toEqual([3, 3]);
  expect(found).toHaveLength(103 * 99);
  expect(found).toContainEqual({ repository: "a/last", installation: 99 });
  expect(found.filter(({ repository }) => /r[12]$/.test(repository))).toEqual([]);
});

test("takes up a few installed repositories at a time, none twice, and stops when the App is closed", async () => {
  const asked: string[] = [];
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  async function* listInstalled() {
    for (let at = 0; at < 50; at += 1) yield await Promise.resolve({ repository: `a/r${at}`, installation: at });
  }
  const { service } = open(["a/r0"], {
    listInstalled,
    openInstallation: (installation) => ({
      octokit: { request: () => (asked.push(`r${installation}`), held.then(() => Promise.reject(new Error("unreachable")))) },
      token: () => Promise.reject(new Error("none")),
    }),
    findInstallation: () => Promise.resolve(null),
  });
  await service.resumeRepositories();
  await expect.poll(() => new Set(asked).size).toBe(4);
  const closed = service.close();
  letGo();
  await closed;
  expect([...new Set(asked)]).toEqual(["r1", "r2", "r3", "r4"]);
});
