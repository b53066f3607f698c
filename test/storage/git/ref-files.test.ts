import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeRefs } from "../../../src/storage/git/bare-clone.ts";
import { listRefs, readRef } from "../../../src/storage/git/read-refs.ts";
import { listRefFiles, moveRefFiles, readRefFile, writeRefFiles } from "../../../src/storage/git/ref-files.ts";
import { after } from "../../support/after.ts";

const open = () => {
  const directory = mkdtempSync(join(tmpdir(), "enki-refs-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: directory, encoding: "utf8", input: "" }).trim();
  git("init", "-q", "--bare", "-b", "main", ".");
  const [one = "", two = ""] = ["one", "two"].map((message) =>
    git("-c", "user.name=A", "-c", "user.email=a@b", "commit-tree", git("mktree"), "-m", message),
  );
  const listed = (): [string, string][] =>
    git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/enki")
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [[line.slice(0, -41), line.slice(-40)]]));
  const own = (): [string, string][] => [...listRefFiles(directory, ["refs/heads", "refs/enki"])];
  return { directory, git, one, two, listed, own };
};

test("lists the refs that git lists, loose and packed, in the same order", () => {
  const { directory, git, one, two, listed, own } = open();
  expect(own()).toEqual([]);
  for (const ref of ["refs/heads/a-b", "refs/heads/a/b", "refs/heads/main", "refs/enki/ledger", "refs/headsx/no", "refs/tags/no"])
    git("update-ref", ref, one);
  expect(own()).toEqual(listed());
  git("pack-refs", "--all");
  git("update-ref", "refs/heads/main", two);
  git("update-ref", "-d", "refs/heads/a/b");
  writeFileSync(join(directory, "refs/heads/main.lock"), `${one}\n`);
  expect(own()).toEqual(listed());
  expect(own()).toHaveLength(3);
});

test("reads a ref, loose or packed, and null for a folder or nothing", () => {
  const { directory, git, one, two } = open();
  git("update-ref", "refs/heads/a/b", one);
  git("update-ref", "refs/heads/main", one);
  git("pack-refs", "--all");
  git("update-ref", "refs/heads/main", two);
  expect(["refs/heads/a/b", "refs/heads/main", "refs/heads/a", "refs/heads/none"].map((ref) => readRefFile(directory, ref))).toEqual([
    one,
    two,
    null,
    null,
  ]);
});

test("writes refs that git reads, and leaves to git what it cannot write", () => {
  const { directory, git, one, two, own } = open();
  const create = { ref: "refs/heads/a/b", oldSha: null, newSha: one };
  expect(writeRefFiles(directory, [create, { ref: "refs/heads/main", oldSha: null, newSha: one }])).toBe(true);
  expect(writeRefFiles(directory, [{ ref: "refs/heads/main", oldSha: one, newSha: two }])).toBe(true);
  expect(git("rev-parse", "refs/heads/a/b", "refs/heads/main")).toBe(`${one}\n${two}`);
  expect(writeRefFiles(directory, [{ ...create, oldSha: one, newSha: null }])).toBe(true);
  expect(own()).toEqual([["refs/heads/main", two]]);
  git("pack-refs", "--all");
  const remove = { ref: "refs/heads/main", oldSha: two, newSha: null };
  expect(writeRefFiles(directory, [remove])).toBe(false);
  expect(writeRefFiles(directory, [{ ref: "refs/heads/main/below", oldSha: null, newSha: one }])).toBe(true);
  git("update-ref", "-d", "refs/heads/main/below");
  writeFileSync(join(directory, "refs/heads/other.lock"), "");
  expect(writeRefFiles(directory, [{ ref: "refs/heads/other", oldSha: null, newSha: one }])).toBe(false);
});

test("a branch takes the place of the empty folder of a deleted branch", async () => {
  const { directory, one, listed } = open();
  const at = { directory, after };
  await writeRefs(at, [{ ref: "refs/heads/a/b", oldSha: null, newSha: one }]);
  await writeRefs(at, [{ ref: "refs/heads/a/b", oldSha: one, newSha: null }]);
  await writeRefs(at, [{ ref: "refs/heads/a", oldSha: null, newSha: one }]);
  expect(listed()).toEqual([["refs/heads/a", one]]);
  await writeRefs(at, [{ ref: "refs/heads/a", oldSha: one, newSha: null }]);
  expect(listed()).toEqual([]);
});

test("lists the other refs if a listed folder is a ref", () => {
  const { git, one, listed, own } = open();
  git("update-ref", "refs/enki", one);
  git("update-ref", "refs/heads/main", one);
  expect(own()).toEqual(listed().filter(([ref]) => ref !== "refs/enki"));
});

test("follows symbolic refs as git does, and no further", () => {
  const { directory, git, one, listed, own } = open();
  git("update-ref", "refs/heads/main", one);
  git("symbolic-ref", "refs/heads/alias", "refs/heads/main");
  git("symbolic-ref", "refs/heads/second", "refs/heads/alias");
  git("symbolic-ref", "refs/heads/dangling", "refs/heads/none");
  expect(own()).toEqual(listed());
  git("pack-refs", "--all");
  expect(own()).toEqual(listed());
  expect(own()).toHaveLength(3);
  git("symbolic-ref", "refs/heads/loop", "refs/heads/loop");
  writeFileSync(join(directory, "refs/heads/outside"), "ref: refs/../outside\n");
  writeFileSync(join(directory, "outside"), `${one}\n`);
  expect(["refs/heads/loop", "refs/heads/outside"].map((ref) => readRefFile(directory, ref))).toEqual([null, null]);
});

test("leaves a symbolic ref to git, which moves the ref that it leads to", () => {
  const { directory, git, one, two } = open();
  git("update-ref", "refs/heads/main", one);
  git("symbolic-ref", "refs/heads/alias", "refs/heads/main");
  expect(moveRefFiles(directory, [{ ref: "refs/heads/alias", oldSha: one, newSha: two }])).toBe(false);
  expect(git("symbolic-ref", "refs/heads/alias")).toBe("refs/heads/main");
  expect(readRefFile(directory, "refs/heads/main")).toBe(one);
});

test("a ref is not deleted while git packs refs, because the packed value would bring it back", () => {
  const { directory, one, own } = open();
  const main = "refs/heads/main";
  expect(writeRefFiles(directory, [{ ref: main, oldSha: null, newSha: one }])).toBe(true);
  writeFileSync(join(directory, "packed-refs.lock"), "");
  expect(writeRefFiles(directory, [{ ref: main, oldSha: one, newSha: null }])).toBe(false);
  expect(own()).toEqual([[main, one]]);
  rmSync(join(directory, "packed-refs.lock"));
  expect(writeRefFiles(directory, [{ ref: main, oldSha: one, newSha: null }])).toBe(true);
  expect(readdirSync(join(directory, "refs/heads"))).toEqual([]);
  expect(existsSync(join(directory, "packed-refs.lock"))).toBe(false);
});

const PACKER = `for (let turn = 0; turn < 25; turn += 1) require("node:child_process").execFileSync("git", ["pack-refs", "--all"]);`;

const sorted = (refs: ReadonlyMap<string, string>): [string, string][] => [...refs].toSorted(([a], [b]) => (a < b ? -1 : 1));

test("moves refs while another process packs them all the time", async () => {
  const { directory, git, one, two, own, listed } = open();
  git("update-ref", "refs/heads/steady", one);
  const packer = spawn(process.execPath, ["-e", PACKER], { cwd: directory, stdio: "ignore" });
  const at = { directory, after };
  const wanted = new Map<string, string>([["refs/heads/steady", one]]);
  for (let turn = 0; packer.exitCode === null; turn += 1) {
    const ref = `refs/heads/moving-${turn % 3}`;
    const oldSha = wanted.get(ref) ?? null;
    const newSha = turn % 2 === 0 ? null : turn % 4 === 1 ? one : two;
    await writeRefs(at, [{ ref, oldSha, newSha }]);
    if (newSha === null) wanted.delete(ref);
    else wanted.set(ref, newSha);
    expect(own()).toEqual(sorted(wanted));
    await new Promise(setImmediate);
  }
  expect(listed()).toEqual(sorted(wanted));
});

test("a repository whose refs are in a table is read and written by git", async () => {
  const { directory, git, one, two } = open();
  git("update-ref", "refs/heads/main", one);
  // Git ignores this ref as broken, so a list without it comes from git.
  writeFileSync(join(directory, "refs/heads/broken"), `${"0".repeat(40)}\n`);
  mkdirSync(join(directory, "reftable"));
  const at = { directory, after };
  expect([...(await listRefs(at, ["refs/heads"]))]).toEqual([["refs/heads/main", one]]);
  expect(await readRef(at, "refs/heads/main")).toBe(one);
  expect(await readRef(at, "refs/heads/none")).toBeNull();
  const move = { ref: "refs/heads/main", oldSha: one, newSha: two };
  expect(writeRefFiles(directory, [move])).toBe(false);
  await writeRefs(at, [move]);
  expect(git("rev-parse", "main")).toBe(two);
});

test("moves refs together, or none of them", () => {
  const { directory, git, one, two, own } = open();
  const [main, next] = ["refs/heads/main", "refs/heads/next"];
  const create = [main, next].map((ref) => ({ ref, oldSha: null, newSha: one }));
  expect(moveRefFiles(directory, create)).toBe(true);
  expect(moveRefFiles(directory, create)).toBe(false);
  const move = { ref: main, oldSha: one, newSha: two };
  expect(moveRefFiles(directory, [move, { ref: next, oldSha: two, newSha: one }])).toBe(false);
  expect(own()).toEqual([
    [main, one],
    [next, one],
  ]);
  expect(moveRefFiles(directory, [move, { ref: next, oldSha: one, newSha: null }])).toBe(true);
  expect(git("for-each-ref", "--format=%(refname) %(objectname)")).toBe(`${main} ${two}`);
  expect(readdirSync(join(directory, "refs/heads"))).toEqual(["main"]);
});

test.each(["loose", "packed"])("leaves it to git to refuse a ref below or above a %s ref, and to delete a packed one", (kind) => {
  const { directory, git, one, own } = open();
  git("update-ref", "refs/heads/a/b", one);
  if (kind === "packed") git("pack-refs", "--all");
  const before = own();
  for (const ref of ["refs/heads/a", "refs/heads/a/b/c"]) expect(moveRefFiles(directory, [{ ref, oldSha: null, newSha: one }])).toBe(false);
  expect(moveRefFiles(directory, [{ ref: "refs/heads/a/b", oldSha: one, newSha: null }])).toBe(kind === "loose");
  expect(own()).toEqual(kind === "loose" ? [] : before);
});

test("a lock of another process keeps all refs of a move where they are", () => {
  const { directory, one, own } = open();
  writeFileSync(join(directory, "refs/heads/next.lock"), "");
  const create = ["refs/heads/main", "refs/heads/next"].map((ref) => ({ ref, oldSha: null, newSha: one }));
  expect(moveRefFiles(directory, create)).toBe(false);
  expect(own()).toEqual([]);
  expect(readdirSync(join(directory, "refs/heads"))).toEqual(["next.lock"]);
});
