import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { claimDirectory } from "../../src/cli/claim-directory.ts";
import { identifyProcess, readListedStart } from "../../src/cli/process-identity.ts";

const openDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "enki-claim-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** Starts processes that idle until a test kills them. */
const startProcesses = (count: number): ChildProcess[] => {
  const children = Array.from({ length: count }, () => spawn("sleep", ["600"], { stdio: "ignore" }));
  onTestFinished(() => children.forEach((child) => child.kill("SIGKILL")));
  return children;
};

const pidOf = ({ pid = 0 }: ChildProcess): number => pid;
const end = async (child: ChildProcess): Promise<void> => {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
};

/** Changes the newest claim as if another process with the same number had written it. */
const editClaim = (directory: string, edit: (holder: string) => string): void => {
  const folder = join(directory, "claims");
  const name = String(Math.max(...readdirSync(folder).map(Number)));
  const holder = readlinkSync(join(folder, name));
  rmSync(join(folder, name));
  symlinkSync(edit(holder), join(folder, name));
};

test("of processes that claim a directory at the same time, exactly one gets it, again after each one that is killed", async () => {
  const directory = openDirectory();
  let processes = startProcesses(6);
  while (processes.length > 0) {
    const claims = await Promise.all(processes.map((child) => claimDirectory(directory, pidOf(child))));
    const winners = processes.filter((_, index) => claims[index]?.kind === "claimed");
    expect(winners).toHaveLength(1);
    const [winner] = winners;
    const others = claims.filter(({ kind }) => kind !== "claimed");
    expect(others).toEqual(others.map(() => ({ kind: "held", pid: winner?.pid })));
    if (winner) await end(winner);
    processes = processes.filter((child) => child !== winner);
  }
});

test("a released directory can be claimed while its earlier process goes on", async () => {
  const directory = openDirectory();
  const [first, second] = startProcesses(2).map(pidOf);
  const claim = await claimDirectory(directory, first ?? 0);
  expect(await claimDirectory(directory, second ?? 0)).toEqual({ kind: "held", pid: first });
  if (claim.kind === "claimed") await claim.release();
  expect(await claimDirectory(directory, second ?? 0)).toMatchObject({ kind: "claimed" });
  expect(await claimDirectory(directory, first ?? 0)).toEqual({ kind: "held", pid: second });
});

test("a directory is not claimed twice by one process", async () => {
  const directory = openDirectory();
  expect(await claimDirectory(directory, process.pid)).toMatchObject({ kind: "claimed" });
  expect(await claimDirectory(directory, process.pid)).toEqual({ kind: "held", pid: process.pid });
});

test("a release after the directory was deleted does nothing", async () => {
  const directory = openDirectory();
  const claim = await claimDirectory(directory, process.pid);
  rmSync(directory, { recursive: true });
  if (claim.kind === "claimed") await expect(claim.release()).resolves.toBeUndefined();
});

test("another process with the number of the one that ended does not hold the directory", async () => {
  const directory = openDirectory();
  const [other = 0] = startProcesses(1).map(pidOf);
  await claimDirectory(directory, other);
  // The second word is the start time.
  editClaim(directory, (holder) => holder.replace(/^(\d+ )(\d)/, (_, pid: string, digit: string) => `${pid}${digit === "9" ? "1" : "9"}`));
  expect(await claimDirectory(directory, process.pid)).toMatchObject({ kind: "claimed" });
});

test.runIf(process.platform === "linux")("a claim from before the computer started again does not hold the directory", async () => {
  const directory = openDirectory();
  const [other = 0] = startProcesses(1).map(pidOf);
  await claimDirectory(directory, other);
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  editClaim(directory, (holder) => holder.replace(boot, "00000000-0000-4000-8000-000000000000"));
  expect(await claimDirectory(directory, process.pid)).toMatchObject({ kind: "claimed" });
});

test.runIf(process.platform === "linux")("a process that ended holds nothing, even if its parent never asks for it", async () => {
  const directory = openDirectory();
  // The shell becomes a program that does not wait for the shell's child.
  const parent = spawn("sh", ["-c", "sleep 600 & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const child = Number(await new Promise<string>((resolve) => parent.stdout.setEncoding("utf8").once("data", resolve)));
  const claim = await claimDirectory(directory, child);
  expect(claim.kind).toBe("claimed");
  // Until then, the shell could still wait for its child.
  while (readFileSync(`/proc/${pidOf(parent)}/comm`, "utf8") !== "sleep\n") await new Promise((resolve) => setImmediate(resolve));
  process.kill(child, "SIGKILL");
  while (!readFileSync(`/proc/${child}/stat`, "utf8").includes(") Z ")) await new Promise((resolve) => setImmediate(resolve));
  expect(await claimDirectory(directory, process.pid)).toMatchObject({ kind: "claimed" });
});

const readText = (path: string): string => readFileSync(path, "utf8").trim();
const BOOT = process.platform === "linux" ? readText("/proc/sys/kernel/random/boot_id") : "";
const isLinux = process.platform === "linux";

/** Writes the identity of a process as if it ran in another container, with the number `inner`. */
const writeForeignClaim = (directory: string, { pid = 0 }: ChildProcess, inner: number, boot = BOOT): void => {
  const stat = readText(`/proc/${pid}/stat`);
  const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  mkdirSync(join(directory, "claims"), { recursive: true });
  symlinkSync(`${inner} ${start} ${boot} pid:[1]`, join(directory, "claims", "1"));
};

const isInitial = isLinux && readlinkSync("/proc/self/ns/pid") === "pid:[4026531836]";

test.runIf(isLinux)(
  "a process of another container with the number of one of ours is not mistaken for it, nor for a dead one",
  async () => {
    const [directory, later] = [openDirectory(), openDirectory()];
    const [child, other] = startProcesses(2);
    if (!child || !other) throw new Error("no process");
    // From the first namespace every process is visible, so a process without a counterpart has ended.
    writeForeignClaim(directory, child, pidOf(child));
    expect(await claimDirectory(directory, pidOf(other))).toMatchObject({ kind: isInitial ? "claimed" : "held" });
    writeForeignClaim(later, child, pidOf(child), "another boot");
    expect(await claimDirectory(later, pidOf(other))).toMatchObject({ kind: "claimed" });
  },
);

const canNest = isLinux && spawnSync("unshare", ["--pid", "--fork", "true"]).status === 0;

test.runIf(canNest)("a living process of a container inside of this one holds its directory", async () => {
  const directory = openDirectory();
  const [other = 0] = startProcesses(1).map(pidOf);
  const outer = spawn("unshare", ["--pid", "--fork", "--kill-child", "sleep", "600"], { stdio: "ignore" });
  onTestFinished(() => void outer.kill("SIGKILL"));
  const findInner = (): string => readText(`/proc/${pidOf(outer)}/task/${pidOf(outer)}/children`);
  await vi.waitUntil(() => findInner() !== "", { interval: 5, timeout: 20_000 });
  const inner = Number(findInner().split(" ")[0]);
  const [, start = "", boot = ""] = ((await identifyProcess(inner)) ?? "").split(" ");
  mkdirSync(join(directory, "claims"));
  symlinkSync(`1 ${start} ${boot} ${readlinkSync(`/proc/${inner}/ns/pid`)}`, join(directory, "claims", "1"));
  expect(await claimDirectory(directory, other)).toEqual({ kind: "held", pid: 1 });
});

test("a claim of an earlier version, without a namespace, is held by its process", async () => {
  const directory = openDirectory();
  const [first = 0, other = 0] = startProcesses(2).map(pidOf);
  await claimDirectory(directory, first);
  editClaim(directory, (holder) => holder.replace(/ pid:\[\d+\]$/, ""));
  expect(await claimDirectory(directory, other)).toEqual({ kind: "held", pid: first });
});

test("the start that ps lists does not depend on the language and the time zone of the person", async () => {
  const [child = 0] = startProcesses(1).map(pidOf);
  const seen = new Set<string | null>();
  for (const [zone, language] of [
    ["UTC", "C"],
    ["Asia/Tokyo", "de_DE.UTF-8"],
  ] as const) {
    vi.stubEnv("TZ", zone);
    vi.stubEnv("LC_ALL", language);
    seen.add(await readListedStart(child));
  }
  vi.unstubAllEnvs();
  expect(seen.size).toBe(1);
  expect([...seen][0]).toMatch(/\d{4}$/);
});
