import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type BareRepository, openBareRepository } from "../../../src/local-github/api/bare-repository.ts";
import { commitOperations } from "../../../src/local-github/api/commit-operations.ts";
import { openObjectCache } from "../../../src/local-github/api/object-cache.ts";
import { after } from "../../support/after.ts";

type Bench = {
  readonly bare: BareRepository;
  readonly git: (args: readonly string[], input?: string, env?: Record<string, string>) => string;
};

const open = (): Bench & { readonly directory: string } => {
  const directory = mkdtempSync(join(tmpdir(), "enki-bare-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const git: Bench["git"] = (args, input = "", env = {}) =>
    execFileSync("git", args, {
      cwd: directory,
      input,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: directory, ...env },
    }).trim();
  git(["init", "-q", "--bare", "-b", "main", "."]);
  return { directory, git, bare: openBareRepository(directory, after) };
};

const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const commitText = (author: string, message: string, more = ""): string =>
  `tree ${EMPTY_TREE}\nauthor ${author}\ncommitter C D <c@d.example> 1700000000 +0000\n${more}\n${message}`;

test("commits are described as git shows them, however unusual they are", async () => {
  const { directory, git, bare } = open();
  git(["hash-object", "-w", "-t", "tree", "--stdin"]);
  const byGit = commitOperations({ directory, after }, openObjectCache());
  const texts = [
    commitText("Ann Example <ann@example.invalid> 1700000000 +0530", "subject\n\nbody\n"),
    commitText("Ann Example <ann@example.invalid> 1700000000 -0930", "\n\nblank lines first\n\n\n"),
    commitText("Ann <ann@example.invalid> 0 -0000", ""),
    commitText(" padded  <ann@example.invalid> 1700000000 +0000", "padded\n"),
    commitText(" <> 1700000000 +0000", "nobody\n"),
    commitText("Ann <ann@example.invalid> 1700000000 +9999", "zone\n"),
    commitText("Ann <ann@example.invalid> 99999999999999999 +0000", "time\n"),
    commitText("Änn 🙂 <ann@example.invalid> 1700000000 +0000", "ümlaut\n", "gpgsig -----BEGIN-----\n one\n two\n"),
    commitText("Ann <ann@example.invalid> 1700000000 +0000", "other encoding\n", "encoding ISO-8859-1\n"),
  ];
  for (const text of texts) {
    const commit = git(["hash-object", "-w", "-t", "commit", "--literally", "--stdin"], text);
    // Newer versions of git write Z for +00:00.
    const seen = JSON.stringify(await byGit.describeCommit(commit)).replaceAll(/(\d)Z"/g, '$1+00:00"');
    expect(JSON.stringify(await bare.describeCommit(commit))).toBe(seen);
    expect(await bare.readMessage(commit)).toBe((JSON.parse(seen) as { message: string }).message);
  }
});

test("a commit that needs no process has the id that git gives to it", async () => {
  const { git, bare } = open();
  const tree = git(["mktree"]);
  const by = { login: "ann", at: 1_700_000_000_123 };
  const first = await bare.commitTree(tree, { parents: [], message: "first", by });
  const second = await bare.commitTree(tree, { parents: [first], message: "second\n\nbody\n", by: { ...by, isCommitter: true } });
  const person = (role: string, name: string, email: string) => ({
    [`GIT_${role}_NAME`]: name,
    [`GIT_${role}_EMAIL`]: email,
    [`GIT_${role}_DATE`]: "@1700000000 +0000",
  });
  const ann = ["ann", "ann@users.noreply.github.com"] as const;
  const byGitHub = { ...person("AUTHOR", ...ann), ...person("COMMITTER", "GitHub", "noreply@github.com") };
  expect(first).toBe(git(["commit-tree", tree], "first", byGitHub));
  const byAnn = { ...person("AUTHOR", ...ann), ...person("COMMITTER", ...ann) };
  expect(second).toBe(git(["commit-tree", tree, "-p", first], "second\n\nbody\n", byAnn));
  await expect(bare.commitTree("1".repeat(40), { parents: [], message: "no tree", by })).rejects.toThrow(/commit-tree/);
  await expect(bare.commitTree(tree, { parents: ["1".repeat(40)], message: "no parent", by })).rejects.toThrow(/commit-tree/);
});

test("a merge of a commit with its own history is the later commit, and other merges are git's", async () => {
  const { git, bare } = open();
  const by = { login: "ann", at: 1_700_000_000_000 };
  const write = async (text: string, parents: readonly string[]): Promise<{ commit: string; tree: string }> => {
    const blob = git(["hash-object", "-w", "--stdin"], text);
    const tree = git(["mktree"], `100644 blob ${blob}\tnote.txt\n`);
    return { tree, commit: await bare.commitTree(tree, { parents, message: text, by }) };
  };
  const base = await write("base", []);
  const head = await write("head", [base.commit]);
  const other = await write("other", [base.commit]);
  expect(await bare.mergeTree(base.commit, head.commit)).toBe(head.tree);
  expect(await bare.mergeTree(head.commit, base.commit)).toBe(head.tree);
  expect(await bare.mergeTree(head.commit, other.commit)).toBe(null);
  expect([await bare.isAncestor(base.commit, head.commit), await bare.isAncestor(head.commit, other.commit)]).toEqual([true, false]);
});
