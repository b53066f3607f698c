import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CARRY_LIMITS } from "../../src/job/job-bundle.ts";
import { listWorkspaceChanges } from "../../src/job/job-workspace.ts";
import { after } from "../support/after.ts";

/** Opens a base with a submodule, Enki's clone, and a workspace for an agent. Names are bytes in the form of latin1. */
const openWorkspace = ({ submodule = "sub" } = {}) => {
  const root = mkdtempSync(join(tmpdir(), "enki-workspace-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [clone, workspace] = [join(root, "clone"), join(root, "work")];
  mkdirSync(workspace);
  const run = (cwd: string, args: readonly string[], input = Buffer.alloc(0)): string =>
    execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args], { cwd, encoding: "utf8", input }).trim();
  run(root, ["init", "-q", "-b", "main", "seed"]);
  const seed = join(root, "seed");
  run(seed, ["commit", "-q", "--allow-empty", "-m", "the submodule's commit"]);
  const linked = run(seed, ["rev-parse", "HEAD"]);
  writeFileSync(join(seed, "a.txt"), "a\n");
  run(seed, ["add", "a.txt"]);
  run(seed, ["update-index", "-z", "--index-info"], Buffer.from(`160000 ${linked} 0\t${submodule}\0`, "latin1"));
  run(seed, ["commit", "-q", "-m", "base"]);
  const base = run(seed, ["rev-parse", "HEAD"]);
  run(root, ["clone", "-q", "--bare", seed, clone]);
  writeFileSync(join(workspace, "a.txt"), "a\n");
  const changes = (isWanted?: (path: string) => boolean) =>
    listWorkspaceChanges({ directory: workspace, after }, clone, { workspace, base, ...(isWanted && { isWanted }) });
  const list = async () => (await changes()).map(({ path, kind }) => [path, kind]);
  return { root, workspace, linked, run, changes, list };
};

test.each([
  ["an ordinary name", "sub"],
  ["a name that is not UTF-8", "s\u00ffb"],
  ["a name with a line end", "s\nb"],
])("no program runs that an agent named in the settings of a submodule with %s", async (_, submodule) => {
  const { root, workspace, linked, run, list } = openWorkspace({ submodule });
  const made = join(root, "made");
  run(root, ["init", "-q", "made"]);
  writeFileSync(join(made, ".git", "HEAD"), `${linked}\n`);
  const ran = join(root, "ran");
  run(made, ["config", "filter.evil.clean", `touch ${ran}; cat`]);
  run(made, ["config", "core.fsmonitor", `touch ${ran}`]);
  writeFileSync(join(made, ".gitattributes"), "* filter=evil\n");
  writeFileSync(join(made, "tracked"), "1\n");
  renameSync(made, Buffer.from(`${workspace}/${submodule}`, "latin1"));
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

test("the workspace is no home whose file `.config/git/ignore` hides changes", async () => {
  const { workspace, list } = openWorkspace();
  mkdirSync(join(workspace, ".config", "git"), { recursive: true });
  writeFileSync(join(workspace, ".config", "git", "ignore"), "*\n");
  writeFileSync(join(workspace, "new.txt"), "new\n");
  expect(await list()).toEqual([
    [".config/git/ignore", "file"],
    ["new.txt", "file"],
    ["sub", "deleted"],
  ]);
});

test("files that no bundle carries are listed with their sizes and not read into memory", async () => {
  const { workspace, changes } = openWorkspace();
  const bytes = CARRY_LIMITS.bytes + 1;
  truncateSync(join(workspace, "a.txt"), bytes);
  const [changed] = await changes();
  expect(changed).toEqual({ path: "a.txt", kind: "file", executable: false, size: bytes, content: null });
});

test("the size of files that nobody wants does not count", async () => {
  const { workspace, changes } = openWorkspace();
  writeFileSync(join(workspace, "a.txt"), "b\n");
  writeFileSync(join(workspace, "log"), "");
  truncateSync(join(workspace, "log"), CARRY_LIMITS.bytes);
  expect(await changes((path) => path === "a.txt")).toMatchObject([{ path: "a.txt", content: Buffer.from("b\n") }]);
});
