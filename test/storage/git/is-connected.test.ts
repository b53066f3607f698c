import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isConnected } from "../../../src/storage/git/is-connected.ts";
import { openObjectFiles } from "../../../src/storage/git/object-files.ts";

const open = () => {
  const directory = mkdtempSync(join(tmpdir(), "enki-connected-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const run = (input: string, ...args: string[]): string =>
    execFileSync("git", args, { cwd: directory, input, encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] }).trim();
  run("", "init", "-q", "--bare", "-b", "main", ".");
  const blob = (text: string): string => run(text, "hash-object", "-w", "--stdin");
  const tree = (...lines: string[]): string => run(lines.map((line) => `${line}\n`).join(""), "mktree", "--missing");
  const commit = (of: string, ...parents: string[]): string =>
    run(
      `tree ${of}\n${parents.map((parent) => `parent ${parent}\n`).join("")}author A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\nm\n`,
      "hash-object",
      "-t",
      "commit",
      "-w",
      "--literally",
      "--stdin",
    );
  const remove = (id: string): void => rmSync(join(directory, "objects", id.slice(0, 2), id.slice(2)));
  /** Returns git's own answer and Enki's. */
  const check = (tip: string, ...known: string[]): { git: boolean; own: boolean } => {
    let git = true;
    try {
      run("", "rev-list", "--objects", "--quiet", tip, ...known.map((each) => `^${each}`));
    } catch {
      git = false;
    }
    return { git, own: isConnected(openObjectFiles(directory), tip, (id) => known.includes(id)) };
  };
  return { run, blob, tree, commit, remove, check };
};

const ABSENT = "1".repeat(40);
const [YES, NO] = [
  { git: true, own: true },
  { git: false, own: false },
];

test("a commit is connected if it and all its history and files exist", () => {
  const { blob, tree, commit, check } = open();
  const inner = tree(`100644 blob ${blob("a")}\ta`);
  const root = commit(tree(`040000 tree ${inner}\tdir`, `160000 commit ${ABSENT}\tmodule`, `120000 blob ${blob("l")}\tlink`));
  const next = commit(tree(`040000 tree ${inner}\tdir`, `100755 blob ${blob("b")}\tb`), root);
  expect([check(root), check(next), check(next, root)]).toEqual([YES, YES, YES]);
});

test("a commit without one of its objects is not connected, as git says", () => {
  const { blob, tree, commit, check, remove } = open();
  const base = commit(tree(`100644 blob ${blob("kept")}\tkept`));
  const [lost, deep] = [blob("lost"), tree(`100644 blob ${blob("deep")}\tdeep`)];
  const tips = [
    commit(tree(`100644 blob ${lost}\tlost`), base),
    commit(tree(`040000 tree ${tree(`040000 tree ${deep}\tsub`)}\tdir`), base),
    commit(ABSENT, base),
    commit(tree(), ABSENT, base),
    ABSENT,
    blob("no commit"),
  ];
  remove(lost);
  remove(deep);
  expect(tips.slice(0, 5).map((tip) => check(tip, base))).toEqual([NO, NO, NO, NO, NO]);
  // Git accepts a blob as complete; a ref of commits needs a commit.
  expect(tips.slice(5).map((tip) => check(tip, base).own)).toEqual([false]);
});

test("files of a known commit are not looked at again, under their own names only", () => {
  const { blob, tree, commit, check, remove } = open();
  const old = blob("old");
  const folder = tree(`100644 blob ${old}\told`);
  const base = commit(tree(`040000 tree ${folder}\tdir`));
  const next = commit(tree(`040000 tree ${folder}\tdir`, `100644 blob ${blob("new")}\tnew`), base);
  remove(old);
  // The known ref counts as complete, even without its files.
  expect(check(next, base)).toEqual(YES);
  expect(check(next).own).toBe(false);
});

test("a long history is left to git", () => {
  const { run, check } = open();
  const commits = Array.from({ length: 2_100 }, () => "commit refs/heads/main\ncommitter A <a@b> 0 +0000\ndata 0\n");
  run(`${commits.join("\n")}\ndone\n`, "fast-import", "--quiet", "--done");
  const [tip, parent] = ["main", "main~1"].map((name) => run("", "rev-parse", name));
  expect(check(tip ?? "")).toEqual({ git: true, own: false });
  expect(check(tip ?? "", parent ?? "")).toEqual(YES);
});
