import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import type { JobResult } from "../../../src/core/domain/job.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
let clone: RepositoryClone;
beforeAll(async () => {
  repo = await repository();
  clone = await repo.clone();
});
afterAll(() => repo.close());

const result = async (base: string, files: Record<string, string | null>): Promise<string> => {
  const json: JobResult = {
    format: 2,
    job: "work/abcdef-fix/1",
    run: 1,
    baseCommit: base,
    end: "success",
    reason: "",
    output: "",
    artifact: null,
    outcome: null,
    answer: "",
    replies: [],
    files: Object.entries(files).map(([path, content]) => ({ path, mode: content === null ? null : "100644" })),
    tools: [],
    spent: 0,
  };
  const tree = new Map([["result.json", { content: JSON.stringify(json), mode: "100644" as const }]]);
  for (const [path, content] of Object.entries(files)) if (content !== null) tree.set(`files/${path}`, { content, mode: "100644" });
  return clone.writeCommit({ tree: await clone.writeFiles(null, tree), parents: [], message: "result", at: 5_000 });
};

describe("candidates", () => {
  test("are the same commit in every clone, with parents base and head", async () => {
    const base = await repo.commit("main", { "a.txt": "one\n", "b.txt": "one\n" });
    const head = await repo.commit("task/1", { "b.txt": "two\n" }, { parents: [base] });
    const query = {
      kind: "merge-chain" as const,
      onto: base,
      merges: [{ task: "abcdef-x" as const, head, message: "Do x\n\nEnki-Task: abcdef-x", needs: [] }],
    };
    const other = await repo.clone();
    await Promise.all([clone.fetch(), other.fetch()]);
    const built = await clone.mergeChain(query);
    expect(await other.mergeChain(query)).toEqual(built);
    const commit = built[0]?.kind === "merged" ? built[0].commit : "";
    await clone.push([{ ref: "refs/heads/shown", oldSha: null, newSha: commit }]);
    expect(repo.git("log", "-1", "--format=%P", commit)).toBe(`${base} ${head}`);
    expect(repo.git("show", `${commit}:b.txt`)).toBe("two");
  });

  test("merge work whose needs have landed, and rebase work whose needs have not", async () => {
    const lines = (one: string, two: string): string => `${one}\n2\n3\n4\n${two}\n6\n`;
    const base = await repo.commit("stacked", { "a.txt": lines("1", "5") }, { parents: [] });
    const first = await repo.commit("task/first", { "a.txt": lines("one", "5") }, { parents: [base] });
    await clone.fetch();
    const merge = (head: string, message: string) => [{ task: "abcdef-x" as const, head, message, needs: [] }];
    const last = (built: Awaited<ReturnType<RepositoryClone["mergeChain"]>>): string => {
      const link = built.at(-1);
      return link?.kind === "merged" ? link.commit : "";
    };
    const ground = last(await clone.mergeChain({ kind: "merge-chain", onto: base, merges: merge(first, "Build on it") }));
    const made = await result(ground, { "a.txt": lines("one", "five") });
    const work = await clone.work({ kind: "work", result: made, baseCommit: ground, onto: ground, message: "second" });
    const second = work.kind === "commit" ? work.commit : "";
    const person = await repo.commit("stacked", { "b.txt": "by hand\n" });
    await clone.fetch();
    const landed = last(await clone.mergeChain({ kind: "merge-chain", onto: person, merges: merge(first, "Land first") }));
    const both = last(await clone.mergeChain({ kind: "merge-chain", onto: landed, merges: merge(second, "Land second") }));
    const alone = await clone.work({ kind: "work", result: made, baseCommit: ground, onto: person, message: "second" });
    const carried = alone.kind === "commit" ? alone.commit : "";
    await clone.push([
      { ref: "refs/heads/both", oldSha: null, newSha: both },
      { ref: "refs/heads/alone", oldSha: null, newSha: carried },
    ]);
    expect([repo.git("show", `${both}:a.txt`), repo.git("show", `${both}:b.txt`)]).toEqual([lines("one", "five").trim(), "by hand"]);
    expect(repo.git("show", `${carried}:a.txt`)).toBe(lines("1", "five").trim());
    expect(await clone.isAncestor(first, carried)).toBe(false);
  });

  test("omit conflicting work and its dependents, and name the paths", async () => {
    const base = await repo.commit("conflicts", { "a.txt": "one\n", "b.txt": "x\n" }, { parents: [] });
    const left = await repo.commit("left", { "a.txt": "two\n" }, { parents: [base] });
    const right = await repo.commit("right", { "a.txt": "three\n" }, { parents: [base] });
    await clone.fetch();
    const on = await repo.commit("on", { "c.txt": "on top\n" }, { parents: [right] });
    const free = await repo.commit("free", { "b.txt": "y\n" }, { parents: [base] });
    await clone.fetch();
    const merges = [
      { task: "abcdef-x", head: right, message: "x", needs: [] },
      { task: "abcdef-y", head: on, message: "y", needs: ["abcdef-x"] },
      { task: "abcdef-z", head: free, message: "z", needs: [] },
    ] as const;
    const [first, second, third] = await clone.mergeChain({ kind: "merge-chain", onto: left, merges });
    expect([first, second]).toEqual([{ kind: "conflict", paths: ["a.txt"] }, { kind: "left-out" }]);
    await clone.push([{ ref: "refs/heads/rest", oldSha: null, newSha: third?.kind === "merged" ? third.commit : "" }]);
    expect(repo.git("log", "-1", "--format=%P %T", "rest")).toBe(`${left} ${free} ${third?.kind === "merged" ? third.tree : ""}`);
  });
});

describe("work", () => {
  test("is rebased on a base that moved, with the base as its only parent", async () => {
    const base = await repo.commit("carry", { "a.txt": "one\n", "gone.txt": "x\n", "keep.txt": "y\n" }, { parents: [] });
    const moved = await repo.commit("carry", { "c.txt": "new\n" });
    await clone.fetch();
    const work = await clone.work({
      kind: "work",
      result: await result(base, { "a.txt": "two\n", "gone.txt": null, "dir/new.txt": "n\n" }),
      baseCommit: base,
      onto: moved,
      message: "Fix",
    });
    const commit = work.kind === "commit" ? work.commit : "";
    await clone.push([{ ref: "refs/heads/carried", oldSha: null, newSha: commit }]);
    expect(repo.git("log", "-1", "--format=%P", commit)).toBe(moved);
    expect(repo.git("ls-tree", "-r", "--name-only", commit).split("\n")).toEqual(["a.txt", "c.txt", "dir/new.txt", "keep.txt"]);
  });

  test("without a change is unchanged; a path outside the tree is not written", async () => {
    const base = await repo.commit("same", { "a.txt": "one\n" }, { parents: [] });
    await clone.fetch();
    const same = await result(base, { "a.txt": "one\n" });
    expect(await clone.work({ kind: "work", result: same, baseCommit: base, onto: base, message: "m" })).toEqual({ kind: "unchanged" });
    const hostile = await clone.writeCommit({
      tree: await clone.writeFiles(
        null,
        new Map([
          [
            "result.json",
            {
              content: JSON.stringify({
                files: [
                  { path: "../x", mode: "100644" },
                  { path: ".git/config", mode: "100644" },
                ],
              }),
              mode: "100644" as const,
            },
          ],
        ]),
      ),
      parents: [],
      message: "hostile",
      at: 0,
    });
    expect(await clone.work({ kind: "work", result: hostile, baseCommit: base, onto: base, message: "m" })).toEqual({ kind: "unchanged" });
  });
});

test("a missing commit is contained in no tip, and a missing tip is a fault", async () => {
  const tip = await repo.commit("ancestry", { "a.txt": "1\n" }, { parents: [] });
  const [lost, other] = ["8".repeat(40), "9".repeat(40)];
  await clone.fetch();
  expect(await clone.isAncestor(tip, tip)).toBe(true);
  expect(await clone.isAncestor(lost, tip)).toBe(false);
  expect(await clone.isAncestor(lost, lost)).toBe(false);
  await expect(clone.isAncestor(tip, lost)).rejects.toThrow("merge-base");
  await expect(clone.isAncestor(lost, other)).rejects.toThrow("merge-base");
});

describe("work with paths that clash with the base", () => {
  test.each([
    ["a file below a file of the base", { "LICENSE/x": "mine" }, ["LICENSE/x"]],
    ["a file in the place of a folder of the base", { src: "mine" }, ["src"]],
    ["a name that differs from one of the base in case only", { license: "mine" }, ["license"]],
    ["a name that differs from one of the base in its normal form only", { "src/u\u0308.txt": "mine" }, ["src/u\u0308.txt"]],
  ])("%s is a conflict, not an invalid tree", async (_, files, paths) => {
    const base = await repo.commit("shapes", { LICENSE: "theirs", "src/a.txt": "theirs", "src/\u00fc.txt": "theirs" }, { parents: [] });
    await clone.fetch();
    const made = await clone.work({ kind: "work", result: await result(base, files), baseCommit: base, onto: base, message: "work" });
    expect(made).toEqual({ kind: "conflict", paths });
    repo.git("update-ref", "-d", "refs/heads/shapes");
  });

  test("may replace a deleted file with a folder", async () => {
    const base = await repo.commit("shapes", { LICENSE: "theirs" }, { parents: [] });
    await clone.fetch();
    const files = { LICENSE: null, "LICENSE/x": "mine" };
    const made = await clone.work({ kind: "work", result: await result(base, files), baseCommit: base, onto: base, message: "work" });
    expect(made.kind).toBe("commit");
    repo.git("update-ref", "-d", "refs/heads/shapes");
  });
});
