import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
let clone: RepositoryClone;
beforeAll(async () => {
  repo = await repository();
  clone = await repo.clone();
});
afterAll(() => repo.close());

let names = 0;
/** Creates two commits on a common parent: each side changes a work tree with these files. */
const sides = async (files: Readonly<Record<string, string | Buffer>>, ours: (at: string) => void, theirs: (at: string) => void) => {
  const at = join(repo.root, `work-${(names += 1)}`);
  const who = ["-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "core.hooksPath=/dev/null"];
  const git = (...args: string[]): string => execFileSync("git", [...who, ...args], { cwd: at, encoding: "utf8" }).trim();
  execFileSync("git", ["init", "-q", "-b", "one", at]);
  for (const [path, content] of Object.entries(files)) writeFileSync(join(at, path), content);
  const commit = (message: string): string => {
    git("add", "-A");
    git("commit", "-q", "--allow-empty", "-m", message);
    return git("rev-parse", "HEAD");
  };
  commit("base");
  git("checkout", "-q", "-b", "two");
  theirs(at);
  const head = commit("two");
  git("checkout", "-q", "one");
  ours(at);
  const onto = commit("one");
  git("push", "-q", repo.url, `one:refs/heads/one-${names}`, `two:refs/heads/two-${names}`);
  await clone.fetch();
  return { onto, head };
};

const write = (path: string, content: string | Buffer) => (at: string) => writeFileSync(join(at, path), content);
const remove = (path: string) => (at: string) => rmSync(join(at, path));
const move = (from: string, to: string) => (at: string) => void execFileSync("git", ["mv", from, to], { cwd: at });
const both =
  (...all: ((at: string) => void)[]) =>
  (at: string) =>
    all.forEach((each) => each(at));
const LONG = "a\nb\nc\nd\ne\nf\n";

/** Writes the published result of a job with these files; null removes a file. */
const result = async (files: Readonly<Record<string, string | null>>): Promise<string> => {
  const entries = Object.entries(files);
  const json = { files: entries.map(([path, content]) => ({ path, mode: content === null ? null : "100644" })) };
  const tree = new Map([["result.json", { content: JSON.stringify(json), mode: "100644" as const }]]);
  for (const [path, content] of entries) if (content !== null) tree.set(`files/${path}`, { content, mode: "100644" });
  return clone.writeCommit({ tree: await clone.writeFiles(null, tree), parents: [], message: "result", at: 5_000 });
};

describe("conflicts of two sides", () => {
  test.each([
    ["both changed the same lines", { "a.txt": "1\n" }, write("a.txt", "2\n"), write("a.txt", "3\n"), [["a.txt", "contents"]]],
    ["both made a file", {}, write("a.txt", "2\n"), write("a.txt", "3\n"), [["a.txt", "contents"]]],
    ["61 binary", { b: Buffer.from("\0one") }, write("b", Buffer.from("\0two")), write("b", Buffer.from("\0three")), [["b", "binary"]]],
    ["61 modify and delete", { "a.txt": LONG }, remove("a.txt"), write("a.txt", `${LONG}g\n`), [["a.txt", "modify/delete"]]],
    [
      "61 rename and rename",
      { "a.txt": LONG },
      move("a.txt", "one.txt"),
      move("a.txt", "two.txt"),
      [
        ["a.txt", "rename/rename"],
        ["one.txt", "rename/rename"],
        ["two.txt", "rename/rename"],
      ],
    ],
    ["61 rename and delete", { "a.txt": LONG }, remove("a.txt"), move("a.txt", "two.txt"), [["two.txt", "rename/delete"]]],
    [
      "symbolic links",
      {},
      (at: string) => symlinkSync("x", join(at, "to")),
      (at: string) => symlinkSync("y", join(at, "to")),
      [["to", "link"]],
    ],
    [
      "a file and a folder",
      {},
      write("to", "file\n"),
      both((at) => mkdirSync(join(at, "to")), write("to/in.txt", "x\n")),
      [["to~", "file/directory"]],
    ],
  ] as const)("%s", async (_, files, ours, theirs, expected) => {
    const at = await sides(files, ours, theirs);
    const found = (await clone.conflicts({ kind: "conflicts", ...at })).map(({ path, kind }) => [path.replace(/~.*/, "~"), kind]);
    expect(found).toEqual(expected);
  });

  test("61 submodules", async () => {
    const link = (sha: string) => (at: string) =>
      void execFileSync("git", ["update-index", "--add", "--cacheinfo", `160000,${sha.repeat(40)},sub`], { cwd: at });
    const keep = both((at) => mkdirSync(join(at, "sub"), { recursive: true }));
    const at = await sides({}, both(keep, link("1")), both(keep, link("2")));
    expect(await clone.conflicts({ kind: "conflicts", ...at })).toEqual([{ path: "sub", kind: "submodule" }]);
  });

  test("none if they merge", async () => {
    const at = await sides({}, write("a.txt", "1\n"), write("b.txt", "2\n"));
    expect(await clone.conflicts({ kind: "conflicts", ...at })).toEqual([]);
  });
});

test("describes the missing side by the messages of commits that changed the files, including merges", async () => {
  const base = await repo.commit("missing", { "a.txt": "1\n", "b.txt": "1\n" }, { parents: [] });
  const head = await repo.commit("missing-head", { "a.txt": "2\n" }, { parents: [base] });
  const work = await repo.commit("missing-work", { "a.txt": "3\n" }, { parents: [base] });
  await clone.fetch();
  const merges = [{ task: "abcdef-x" as const, head: work, message: "Land x", needs: [] }];
  const [link] = await clone.mergeChain({ kind: "merge-chain", onto: base, merges });
  const landed = link?.kind === "merged" ? link.commit : "";
  await clone.push([{ ref: "refs/heads/missing", oldSha: base, newSha: landed }]);
  const beside = await repo.commit("missing", { "b.txt": "2\n" });
  const to = await repo.commit("missing", { "a.txt": "4\n" });
  await clone.fetch();
  expect(repo.git("rev-parse", `${beside}^`)).toBe(landed);
  expect(await clone.missingMessages({ from: head, to, paths: ["a.txt"] })).toEqual(["Land x", "change missing"]);
  expect(await clone.missingMessages({ from: head, to, paths: ["no.txt"] })).toEqual([]);
});

describe("a resolution", () => {
  const TEXT = "intro\n1\n2\n3\nend\n";
  const conflict = () =>
    sides(
      { "a.txt": TEXT, "b.txt": TEXT },
      both(write("a.txt", TEXT.replace("2", "ours")), write("b.txt", TEXT.replace("intro", "Intro"))),
      both(write("a.txt", TEXT.replace("2", "theirs")), write("b.txt", TEXT.replace("end", "End"))),
    );
  const build = async (at: { onto: string; head: string }, files: Record<string, string | null>, anew: readonly string[] = []) =>
    clone.resolution({ kind: "resolution", ...at, result: await result(files), regenerated: anew, message: "Resolve it" });
  const shown = async (commit: string): Promise<Record<string, string>> =>
    Object.fromEntries([...(await clone.readFiles(commit))].map(([path, content]) => [path, content.toString("utf8")]));

  test("starts from the merge, with markers at conflicts", async () => {
    const at = await conflict();
    const begun = await shown(await clone.startResolution({ ...at, regenerated: [] }));
    expect(begun["a.txt"]).toMatch(/^<<<<<<< .*\nours\n=======\ntheirs\n>>>>>>> /m);
    expect(begun["b.txt"]).toBe("Intro\n1\n2\n3\nEnd\n");
  });

  test("is a merge of head and base, in this order, with the resolved files", async () => {
    const at = await conflict();
    const built = await build(at, { "a.txt": "both\n" });
    const commit = built.kind === "commit" ? built.commit : "";
    expect(await shown(commit)).toEqual({ "a.txt": "both\n", "b.txt": "Intro\n1\n2\n3\nEnd\n" });
    await clone.push([{ ref: `refs/heads/resolved-${names}`, oldSha: null, newSha: commit }]);
    expect(repo.git("log", "-1", "--format=%P", commit)).toBe(`${at.head} ${at.onto}`);
    expect(repo.git("log", "--first-parent", "--format=%s", commit)).toBe("Resolve it\ntwo\nbase");
    expect(await build(at, { "a.txt": "both\n" })).toEqual(built);
  });

  test.each([
    ["nothing was done", {}],
    ["one marker is left", { "a.txt": "intro\n<<<<<<< ours\nours\nend\n" }],
    ["the line between is left", { "a.txt": "ours\n=======\ntheirs\n" }],
    ["the last line is left", { "a.txt": "ours\r\n>>>>>>> theirs\r\n" }],
  ])("57 is rejected if %s", async (_, files) => {
    expect(await build(await conflict(), files as Record<string, string>)).toEqual({ kind: "markers", paths: ["a.txt"] });
  });

  test("57 may contain an earlier heading that resembles a marker", async () => {
    const heading = (word: string) => `Heading\n=======\n${word}\n`;
    const at = await sides({ "a.md": heading("1") }, write("a.md", heading("2")), write("a.md", heading("3")));
    expect(await build(at, { "a.md": heading("2 and 3") })).toMatchObject({ kind: "commit" });
    expect(await build(at, { "a.md": `>>>>>>> x\n${heading("2")}` })).toEqual({ kind: "markers", paths: ["a.md"] });
  });

  test("61 of a deletion and a change keeps or removes the file as the merger left it", async () => {
    const at = await sides({ "a.txt": LONG, "b.txt": "b\n" }, remove("a.txt"), write("a.txt", `${LONG}g\n`));
    const kept = await build(at, {});
    const gone = await build(at, { "a.txt": null });
    expect(kept.kind === "commit" && (await shown(kept.commit))).toEqual({ "a.txt": `${LONG}g\n`, "b.txt": "b\n" });
    expect(gone.kind === "commit" && (await shown(gone.commit))).toEqual({ "b.txt": "b\n" });
  });

  test("may delete a path only if one side deleted it", async () => {
    const at = await conflict();
    expect(await build(at, { "a.txt": null })).toEqual({ kind: "deletions", paths: ["a.txt"] });
    expect(await build(at, { "a.txt": "both\n", "b.txt": null })).toEqual({ kind: "deletions", paths: ["b.txt"] });
    const made = await sides({}, write("a.txt", "2\n"), write("a.txt", "3\n"));
    expect(await build(made, { "a.txt": null })).toEqual({ kind: "deletions", paths: ["a.txt"] });
    const renamed = await sides({ "a.txt": LONG }, move("a.txt", "one.txt"), move("a.txt", "two.txt"));
    expect(await build(renamed, { "two.txt": null })).toMatchObject({ kind: "commit" });
    const dropped = await sides(
      { "a.txt": LONG, "b.txt": LONG, "c.txt": "1\n" },
      both(remove("b.txt"), write("c.txt", "2\n")),
      write("c.txt", "3\n"),
    );
    expect(await build(dropped, { "b.txt": null, "c.txt": "2\n" })).toMatchObject({ kind: "commit" });
    const generated = await clone.resolution({
      kind: "resolution",
      ...at,
      result: await result({ "a.txt": "both\n", "b.txt": null }),
      regenerated: [],
      message: "Resolve it",
      generated: ["b.txt"],
    });
    expect(generated).toMatchObject({ kind: "commit" });
  });

  test("62 of generated files starts from the base's side", async () => {
    const at = await conflict();
    const ours = TEXT.replace("2", "ours");
    expect((await shown(await clone.startResolution({ ...at, regenerated: ["a.txt"] })))["a.txt"]).toBe(ours);
    const built = await build(at, {}, ["a.txt"]);
    expect(built.kind === "commit" && (await shown(built.commit))["a.txt"]).toBe(ours);
  });

  test("with a file in the place of a folder is rejected", async () => {
    const at = await conflict();
    expect(await build(at, { "a.txt": "x\n", "b.txt/c.txt": "x\n" })).toEqual({ kind: "clash", paths: ["b.txt/c.txt"] });
  });
});
