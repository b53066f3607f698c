import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createForeignFiles } from "../../../src/job/sandbox/foreign-files.ts";
import type { JobSandbox } from "../../../src/job/sandbox/job-sandbox.ts";
import { openJobSandbox } from "../../../src/job/sandbox/open-job-sandbox.ts";
import { createUnprotectedSandbox } from "../../../src/job/sandbox/unprotected-sandbox.ts";

const openRoot = () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "enki-files-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [workspace, reach] = [join(root, "work"), join(root, "temp", "enki", "agent")];
  mkdirSync(workspace);
  mkdirSync(reach, { recursive: true });
  return { root, workspace, reach };
};

const SANDBOXES: Readonly<Record<string, (root: ReturnType<typeof openRoot>) => Promise<JobSandbox>>> = {
  "the strongest sandbox of this machine": ({ root, workspace, reach }) =>
    openJobSandbox({ env: process.env, workspace, reach, temp: join(root, "temp"), readable: [] }),
  "the sandbox without separation": ({ reach }) => Promise.resolve(createUnprotectedSandbox(reach)),
};

describe.each(Object.entries(SANDBOXES))("in %s", (_, openSandbox) => {
  test("a pipe in the place of a file is neither read nor written, and holds up nothing", async () => {
    const root = openRoot();
    execFileSync("bash", ["-c", "mkfifo pipe"], { cwd: root.workspace });
    const sandbox = await openSandbox(root);
    const path = join(root.workspace, "pipe");
    await expect(sandbox.readFile(path)).rejects.toThrow();
    await expect(sandbox.writeFile(path, "x")).rejects.toThrow();
    await sandbox.close();
  });

  test("a regular file is written, read, and kept private", async () => {
    const root = openRoot();
    const sandbox = await openSandbox(root);
    const path = join(root.workspace, "a", "b.txt");
    await sandbox.writeFile(path, "x", "private");
    expect((await sandbox.readFile(path)).toString()).toBe("x");
    await sandbox.close();
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
  });

  test("regular files are listed with their folders, and neither links, pipes nor folders", async () => {
    const root = openRoot();
    const directory = join(root.workspace, "deep");
    mkdirSync(join(directory, "2026", "11"), { recursive: true });
    for (const name of ["a.txt", "2026/11/b c.txt"]) writeFileSync(join(directory, name), "x");
    symlinkSync("/etc/passwd", join(directory, "link"));
    symlinkSync("/etc", join(directory, "folder"));
    execFileSync("bash", ["-c", "mkfifo pipe"], { cwd: directory });
    const sandbox = await openSandbox(root);
    expect((await sandbox.listFiles(directory)).filter((path) => path !== "").toSorted()).toEqual(["2026/11/b c.txt", "a.txt"]);
    await expect(sandbox.listFiles(join(directory, "missing"))).rejects.toThrow();
    await sandbox.close();
  });

  test("a file that is larger than the limit is not read as a whole", async () => {
    const root = openRoot();
    const path = join(root.workspace, "large");
    writeFileSync(path, "");
    truncateSync(path, 3_000_000_000);
    const sandbox = await openSandbox(root);
    const read = await sandbox.readFile(path).catch(() => Buffer.alloc(0));
    expect(read.length).toBeLessThanOrEqual(20_000_000);
    await sandbox.close();
  });
});

test("a write that waits, because a pipe took the place of its file after the check, ends with its sandbox", async () => {
  const root = openRoot();
  const sandbox = await SANDBOXES["the strongest sandbox of this machine"]?.(root);
  if (!sandbox) return expect.fail("no sandbox");
  const { enter, kill } = sandbox;
  const files = createForeignFiles({ enter: (command) => enter({ ...command, command: "sleep", args: ["1000"] }), kill });
  const written = files.writeFile(join(root.workspace, "pipe"), "x").catch((error: unknown) => error);
  files.end();
  expect(await written).toBeInstanceOf(Error);
  await sandbox.close();
});

test("a link that a command left in the place of the next home leads nowhere", async () => {
  const { root, reach } = openRoot();
  const outside = join(root, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "kept"), "kept");
  const sandbox = createUnprotectedSandbox(reach);
  await sandbox.createHome();
  symlinkSync(outside, join(reach, "home-2"));
  const home = await sandbox.createHome();
  expect(lstatSync(home).isDirectory()).toBe(true);
  expect(existsSync(join(outside, "tmp"))).toBe(false);
  expect(readFileSync(join(outside, "kept"), "utf8")).toBe("kept");
});
