import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { createBareRepository } from "../../../src/local-github/api/create-bare-repository.ts";
import { after } from "../../support/after.ts";

/** Creates a person's repository with a branch, a tag and a commit outside of both. */
const open = () => {
  const root = mkdtempSync(join(tmpdir(), "enki-copied-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const own = join(root, 'it\'s a "repository": ö');
  mkdirSync(own);
  const git = (directory: string, ...args: string[]): string => {
    const env = { PATH: process.env["PATH"], HOME: root };
    const names = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    const ran = spawnSync("git", [...names, ...args], { cwd: directory, env, encoding: "utf8" });
    expect(ran.stderr).toBe("");
    return ran.stdout.trim();
  };
  git(own, "init", "-q", "-b", "trunk");
  for (const text of ["one", "two"]) {
    writeFileSync(join(own, "a.txt"), text);
    git(own, "add", "-A");
    git(own, "commit", "-qm", text);
  }
  git(own, "tag", "-a", "v1", "-m", "first", "HEAD~1");
  git(own, "branch", "old", "HEAD~1");
  const stray = git(own, "stash", "create") || git(own, "commit-tree", "-m", "stray", "HEAD^{tree}");
  return { root, own, git, stray };
};

const listRefs = ["for-each-ref", "--format=%(objectname) %(refname) %(*objectname)", "refs/heads", "refs/tags"];

test.each(["a repository", "a bare repository", "a further work tree", "a packed repository"])(
  "the copy of %s has all branches and tags with their history, and nothing else; the original stays as it is",
  async (kind) => {
    const { root, own, git, stray } = open();
    if (kind === "a bare repository") git(root, "clone", "-q", "--mirror", own, join(root, "bare"));
    if (kind === "a further work tree") git(own, "worktree", "add", "-q", join(root, "further"), "old");
    if (kind === "a packed repository") git(own, "gc", "-q");
    const from = kind === "a bare repository" ? join(root, "bare") : kind === "a further work tree" ? join(root, "further") : own;
    const before = new Set<unknown>(readdirSync(join(own, ".git"), { recursive: true }));
    const copy = join(root, "copy.git");
    const head = await createBareRepository(copy, { from, after });
    expect(head).toBe(kind === "a further work tree" ? "old" : "trunk");
    expect(git(copy, ...listRefs)).toBe(git(own, ...listRefs));
    expect(git(copy, "fsck", "--full", "--strict")).toBe("");
    expect(git(copy, "show", `${head}:a.txt`)).toBe(head === "trunk" ? "two" : "one");
    expect(git(copy, "rev-list", "--all", "--count")).toBe("2");
    expect(spawnSync("git", ["cat-file", "-e", stray], { cwd: copy }).status).not.toBe(0);
    expect(new Set<unknown>(readdirSync(join(own, ".git"), { recursive: true }))).toEqual(before);
  },
);

test("the copy of a repository without commits is empty", async () => {
  const { root, git } = open();
  mkdirSync(join(root, "empty"));
  git(join(root, "empty"), "init", "-q", "-b", "start");
  const copy = join(root, "copy.git");
  expect(await createBareRepository(copy, { from: join(root, "empty"), after })).toBe("start");
  expect(git(copy, "for-each-ref")).toBe("");
});
