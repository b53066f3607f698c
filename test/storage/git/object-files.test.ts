import { execFileSync } from "node:child_process";
import { appendFileSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureBareRepository, shareObjects } from "../../../src/storage/git/bare-clone.ts";
import { keepRootCommit } from "../../../src/storage/git/keep-root-commit.ts";
import { listTree } from "../../../src/storage/git/git-tree.ts";
import { mergeTrees, readTextAt, writeCommit, writeTreeFiles } from "../../../src/storage/git/git-objects.ts";
import { openObjectFiles } from "../../../src/storage/git/object-files.ts";
import type { GitContext } from "../../../src/storage/git/run-git.ts";
import { PathClashError } from "../../../src/storage/git/tree-files.ts";
import { after } from "../../support/after.ts";
import { fc } from "../../support/fast-check.ts";

/** Opens a bare repository, with and without Enki's own reads and writes of its files. */
const open = () => {
  const directory = mkdtempSync(join(tmpdir(), "enki-objects-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const run = (input: string | Buffer, ...args: string[]): string =>
    execFileSync("git", args, { cwd: directory, input, encoding: "latin1", maxBuffer: 1 << 28, stdio: ["pipe", "pipe", "ignore"] });
  const git = (...args: string[]): string => run("", ...args).trim();
  git("init", "-q", "--bare", "-b", "main", ".");
  git("config", "user.name", "A");
  git("config", "user.email", "a@example.invalid");
  const withGit: GitContext = { directory, after };
  return { directory, git, run, withGit, direct: (): GitContext => ({ ...withGit, objects: openObjectFiles(directory) }) };
};

const file = (content: string | Buffer) => ({ content, mode: "100644" as const });
const person = { name: "Enki", email: "enki@example.invalid" };

/** Versions of a long text, which git packs as deltas of each other. */
const versions = Array.from({ length: 40 }, (_, version) =>
  Array.from({ length: 400 }, (__, line) => `line ${line} ${line % 40 === version ? `changed in ${version}` : "as before"}`).join("\n"),
);

test("reads what git wrote: loose objects, packs with deltas, and what another process packs meanwhile", () => {
  const { directory, git, run, direct } = open();
  const ids = versions.map((text) => run(text, "hash-object", "-w", "--stdin").trim());
  const empty = run("", "hash-object", "-w", "--stdin").trim();
  const { objects } = direct();
  const contents = (): (string | undefined)[] => ids.map((id) => objects?.read(id)?.content.toString());
  expect(contents()).toEqual(versions);
  run(`${[...ids, empty].join("\n")}\n`, "pack-objects", "-q", "--depth=20", "objects/pack/pack");
  git("prune-packed");
  expect(git("count-objects")).toMatch(/^0 objects/);
  expect(contents()).toEqual(versions);
  expect(objects?.read(empty)).toEqual({ type: "blob", content: Buffer.alloc(0) });
  expect(git("verify-pack", "-v", ...listPacks(directory))).toMatch(/chain length = \d/);
});

const listPacks = (directory: string): string[] => {
  const folder = join(directory, "objects", "pack");
  return readdirSync(folder).flatMap((each) => (each.endsWith(".idx") ? [join(folder, each)] : []));
};

test("an object that is too large, damaged or missing is left to git", async () => {
  const { directory, run, direct } = open();
  const id = run("x".repeat(1_000), "hash-object", "-w", "--stdin").trim();
  const { objects } = direct();
  expect(objects?.read(id, 999)).toBeNull();
  expect(objects?.read(id, 1_000)?.content.length).toBe(1_000);
  expect(objects?.read("0".repeat(40))).toBeNull();
  expect(objects?.read("HEAD")).toBeNull();
  const path = join(directory, "objects", id.slice(0, 2), id.slice(2));
  rmSync(path);
  writeFileSync(path, "damaged");
  expect(objects?.read(id)).toBeNull();
  await expect(listTree(direct(), id)).rejects.toThrow(/ls-tree/);
});

test("reads the objects that a repository borrows from another", () => {
  const [lender, borrower] = [open(), open()];
  const id = lender.run("lent", "hash-object", "-w", "--stdin").trim();
  mkdirSync(join(borrower.directory, "objects", "info"), { recursive: true });
  appendFileSync(join(borrower.directory, "objects", "info", "alternates"), `${join(lender.directory, "objects")}\n`);
  expect(borrower.direct().objects?.read(id)?.content.toString()).toBe("lent");
});

test("repositories that borrow from each other are read once", () => {
  const [one, other] = [open(), open()];
  const id = other.run("lent", "hash-object", "-w", "--stdin").trim();
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const)
    writeFileSync(join(from.directory, "objects", "info", "alternates"), `${join(to.directory, "objects")}\n`);
  expect(one.direct().objects?.read(id)?.content.toString()).toBe("lent");
  expect(one.direct().objects?.read("1".repeat(40))).toBeNull();
});

test("stores an object again if another process removed its pack", () => {
  const { directory, git, run, direct } = open();
  const id = run("packed", "hash-object", "-w", "--stdin").trim();
  run(`${id}\n`, "pack-objects", "-q", "objects/pack/pack");
  git("prune-packed");
  const { objects } = direct();
  expect(objects?.read(id)?.content.toString()).toBe("packed");
  rmSync(join(directory, "objects", "pack"), { recursive: true });
  expect(objects?.write("blob", Buffer.from("packed"))).toBe(id);
  expect(git("cat-file", "blob", id)).toBe("packed");
});

/** Writes a tree with an entry whose mode no current git writes. */
const writeRawTree = ({ run }: ReturnType<typeof open>, mode: string, id: string): string => {
  const content = Buffer.concat([Buffer.from(`${mode} entry\0`), Buffer.from(id, "hex")]);
  return run(content, "hash-object", "-t", "tree", "-w", "--literally", "--stdin").trim();
};

test("reads unusual modes as git does, so that no file hides below a folder", async () => {
  const repository = open();
  const { withGit, direct } = repository;
  const blob = repository.run("x", "hash-object", "-w", "--stdin").trim();
  const inner = await writeTreeFiles(withGit, null, new Map([["file", file("inner")]]));
  for (const [mode, id] of [
    ["040000", inner],
    ["100664", blob],
    ["100775", blob],
    ["120777", blob],
  ] as const) {
    const tree = writeRawTree(repository, mode, id);
    expect({ mode, listed: [...(await listTree(direct(), tree))] }).toEqual({ mode, listed: [...(await listTree(withGit, tree))] });
    const added = new Map([["new", file("n")]]);
    expect(await writeTreeFiles(direct(), tree, added)).toBe(await writeTreeFiles(withGit, tree, added));
  }
});

test("a tree that ends within an entry is left to git, and never written again", async () => {
  const { run, direct } = open();
  const blob = run("x", "hash-object", "-w", "--stdin").trim();
  const whole = Buffer.concat([Buffer.from("100644 a\0"), Buffer.from(blob, "hex")]);
  const tree = run(
    Buffer.concat([whole, Buffer.from("100644 b\0cut")]),
    "hash-object",
    "-t",
    "tree",
    "-w",
    "--literally",
    "--stdin",
  ).trim();
  await expect(listTree(direct(), tree)).rejects.toThrow(/ls-tree/);
  await expect(writeTreeFiles(direct(), tree, new Map([["new", file("n")]]))).rejects.toThrow(/ls-tree/);
});

const name = fc.constantFrom("a", "a.b", "a-b", "ab", "ä", "z");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const changes = fc.uniqueArray(fc.tuple(path, fc.option(fc.string(), { freq: 3 })), { maxLength: 12, selector: ([at]) => at });

/** Whether a path is both a file and a folder. */
const hasClash = (paths: readonly string[]): boolean => paths.some((one) => paths.some((other) => other.startsWith(`${one}/`)));

test("writes and lists the same trees as git", async () => {
  const { withGit, direct } = open();
  await fc.assert(
    fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 4 }), async (rounds) => {
      let own: string | null = null;
      let theirs: string | null = null;
      for (const round of rounds) {
        const files = new Map(round.map(([at, content]) => [at, content === null ? null : file(content)]));
        const before: string[] = theirs === null ? [] : [...(await listTree(withGit, theirs)).keys()];
        const kept = [...before.filter((at) => files.get(at) !== null), ...[...files].flatMap(([at, content]) => (content ? [at] : []))];
        if (hasClash(kept)) {
          await expect(writeTreeFiles(direct(), own, files)).rejects.toThrow(PathClashError);
          continue;
        }
        theirs = await writeTreeFiles(withGit, theirs, files);
        own = await writeTreeFiles(direct(), own, files);
        expect(own).toBe(theirs);
        expect([...(await listTree(direct(), own))]).toEqual([...(await listTree(withGit, own))]);
      }
    }),
    { numRuns: 25 },
  );
});

test("keeps names in other encodings, modes and submodules of what it does not change", async () => {
  const { run, withGit, direct } = open();
  const blob = run("x", "hash-object", "-w", "--stdin").trim();
  const lines = [`100755 blob ${blob}\t\xff\xfe`, `120000 blob ${blob}\tlink`, `160000 commit ${"1".repeat(40)}\tmodule`];
  const inner = run(Buffer.from(`${lines.join("\0")}\0`, "latin1"), "mktree", "-z", "--missing").trim();
  const own = await writeTreeFiles(direct(), inner, new Map([["new/file", file("n")]]));
  expect(run("", "ls-tree", own)).toContain('"\\377\\376"');
  expect([...(await listTree(direct(), own))]).toEqual([...(await listTree(withGit, own))]);
});

test("writes the same commits as git, whatever the names and the message are", async () => {
  const { withGit, direct } = open();
  const tree = await writeTreeFiles(withGit, null, new Map());
  const root = await writeCommit(withGit, { tree, parents: [], message: "root", at: 1_000, committer: person });
  const text = fc.string({ unit: fc.constantFrom(...Array.from(" .,:;<>\"'\\aä\n\t\u0001-")) });
  await fc.assert(
    fc.asyncProperty(text, text, text, fc.nat(3), async (first, email, message, parents) => {
      const commit = {
        tree,
        parents: Array.from({ length: parents }, () => root),
        message,
        at: 1_700_000_000_000,
        committer: person,
        author: { name: `A${first}`, email, at: 1_600_000_000_000 },
      };
      expect(await writeCommit(direct(), commit)).toBe(await writeCommit(withGit, commit));
    }),
    { numRuns: 40 },
  );
  const nobody = { tree, parents: [], message: "m", at: 0, committer: { name: " . ", email: "x" } };
  await expect(writeCommit(direct(), nobody)).rejects.toThrow(/disallowed characters/);
  await expect(writeCommit(direct(), { ...nobody, committer: person, message: "a\0b" })).rejects.toThrow(/NUL/);
});

test("a file is read at a commit, and a merge with the parent needs no merge", async () => {
  const { withGit, direct } = open();
  const at = direct();
  const make = async (text: string, parents: string[]): Promise<string> =>
    writeCommit(at, {
      tree: await writeTreeFiles(at, null, new Map([["d/f", file(text)]])),
      parents,
      message: text,
      at: 0,
      committer: person,
    });
  const one = await make("one", []);
  const two = await make("two", [one]);
  expect(await readTextAt(at, { commit: two, path: "d/f" })).toBe("two");
  expect(await readTextAt(at, { commit: two, path: "d" })).toBeNull();
  expect(await readTextAt(at, { commit: two, path: "d/f", maxBytes: 2 })).toBeNull();
  expect(await mergeTrees(at, one, two)).toEqual(await mergeTrees(withGit, one, two));
});

test("files are written into a tree that only git can read", async () => {
  const { git, run, withGit, direct } = open();
  const inner = await writeTreeFiles(withGit, null, new Map([["folder/file", file("one")]]));
  const folder = git("rev-parse", `${inner}:folder`);
  // Enki does not read the old version of the index.
  run(`${folder}\n`, "pack-objects", "-q", "--index-version=1", "objects/pack/pack");
  git("prune-packed");
  const at = direct();
  expect(at.objects?.read(folder)).toBeNull();
  const changes = new Map([["folder/new", file("n")]]);
  expect(await writeTreeFiles(at, inner, changes)).toBe(await writeTreeFiles(withGit, inner, changes));
});

test("a clone keeps a commit with a file that only git can read", async () => {
  const { directory, git, run, withGit } = open();
  const huge = run(Buffer.alloc((1 << 26) + 1), "hash-object", "-w", "--stdin").trim();
  const lines = [`100644 blob ${huge}\thuge`, `160000 commit ${"1".repeat(40)}\tmodule`];
  const tree = run(`${lines.join("\n")}\n`, "mktree", "--missing").trim();
  const commit = git("commit-tree", tree, "-m", "huge");
  const clone = join(directory, "clone.git");
  await ensureBareRepository(clone);
  await shareObjects(clone, directory);
  await keepRootCommit({ ...withGit, directory: clone }, directory, commit);
  expect(lstatSync(join(clone, "objects")).isDirectory()).toBe(true);
  expect(git("-C", clone, "cat-file", "-s", `${commit}:huge`)).toBe(String((1 << 26) + 1));
});
