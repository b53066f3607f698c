import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listWorkspaceChanges } from "../../src/job/job-workspace.ts";
import { after } from "../support/after.ts";

/** A base with a submodule, a clone of Enki's, and a workspace that an agent may fill. */
const openWorkspace = () => {
  const root = mkdtempSync(join(tmpdir(), "enki-workspace-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [clone, workspace] = [join(root, "clone"), join(root, "work")];
  mkdirSync(workspace);
  const run = (cwd: string, ...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args], { cwd, encoding: "utf8" }).trim();
  run(root, "init", "-q", "-b", "main", "seed");
  const seed = join(root, "seed");
  run(seed, "commit", "-q", "--allow-empty", "-m", "the submodule's commit");
  const linked = run(seed, "rev-parse", "HEAD");
  writeFileSync(join(seed, "a.txt"), "a\n");
  run(seed, "add", "a.txt");
  run(seed, "update-index", "--add", "--cacheinfo", `160000,${linked},sub`);
  run(seed, "commit", "-q", "-m", "base");
  const base = run(seed, "rev-parse", "HEAD");
  run(root, "clone", "-q", "--bare", seed, clone);
  writeFileSync(join(workspace, "a.txt"), "a\n");
  const list = async () =>
    (await listWorkspaceChanges({ directory: workspace, after }, clone, { workspace, base })).map(({ path, kind }) => [path, kind]);
  return { root, workspace, linked, run, list };
};

test("no program runs that an agent named in the settings of a submodule", async () => {
  const { root, workspace, linked, run, list } = openWorkspace();
  const sub = join(workspace, "sub");
  run(workspace, "init", "-q", "sub");
  writeFileSync(join(sub, ".git", "HEAD"), `${linked}\n`);
  const ran = join(root, "ran");
  run(sub, "config", "filter.evil.clean", `touch ${ran}; cat`);
  run(sub, "config", "core.fsmonitor", `touch ${ran}`);
  writeFileSync(join(sub, ".gitattributes"), "* filter=evil\n");
  writeFileSync(join(sub, "tracked"), "1\n");
  writeFileSync(join(workspace, "a.txt"), "b\n");
  expect(await list()).toEqual([["a.txt", "file"]]);
  expect(existsSync(ran)).toBe(false);
});

test("a submodule that was left alone is no change, and one that was deleted or replaced by a file is one", async () => {
  const { workspace, list } = openWorkspace();
  expect(await list()).toEqual([["sub", "deleted"]]);
  mkdirSync(join(workspace, "sub"));
  expect(await list()).toEqual([]);
  rmSync(join(workspace, "sub"), { recursive: true });
  writeFileSync(join(workspace, "sub"), "a file\n");
  expect(await list()).toEqual([["sub", "file"]]);
});
