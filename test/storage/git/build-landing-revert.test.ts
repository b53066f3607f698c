import { afterAll, beforeAll, expect, test } from "vitest";
import type { RevertedLanding } from "../../../src/core/domain/reverted-landing.ts";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
let clone: RepositoryClone;
beforeAll(async () => {
  repo = await repository();
  clone = await repo.clone();
});
afterAll(() => repo.close());

const TIME = 1_000_000_000_000;
let branches = 0;

type Change = Readonly<Record<string, string>>;

const commit = async (parents: readonly string[], files: Change, message = "change") => {
  const map = new Map(Object.entries(files).map(([path, content]) => [path, { content, mode: "100644" as const }]));
  return clone.writeCommit({ tree: await clone.writeFiles(parents[0] ?? null, map), parents: [...parents], message, at: TIME });
};

/** Merges the heads in a chain, with one merge per head. */
const merge = async (onto: string, heads: readonly string[]): Promise<string[]> => {
  const merges = heads.map((head, index) => ({ task: `abcdef-${index}` as const, head, message: `Land ${index}`, needs: [] }));
  const links = await clone.mergeChain({ kind: "merge-chain", onto, merges });
  return links.map((link) => (link.kind === "merged" ? link.commit : ""));
};

const landing = (over: Partial<RevertedLanding> & Pick<RevertedLanding, "commit" | "head">): RevertedLanding => ({
  task: "abcdef-fix",
  pull: 4,
  ...over,
});

const revert = async (of: RevertedLanding, onto: string) => {
  const made = await clone.landingRevert({ kind: "landing-revert", landing: of, onto, message: "Undo: fix" });
  if (made.kind === "commit") {
    // The same question returns the same commit, and the push delivers it to every other clone.
    expect(await clone.landingRevert({ kind: "landing-revert", landing: of, onto, message: "Undo: fix" })).toEqual(made);
    await clone.push([{ ref: `refs/heads/undo-${(branches += 1)}`, oldSha: null, newSha: made.commit }]);
  }
  return made;
};

const files = async (sha: string): Promise<Record<string, string>> =>
  Object.fromEntries([...(await clone.readFiles(sha))].map(([path, content]) => [path, content.toString("utf8")]));

const START = { "a.txt": "one\n", "b.txt": "one\n" };

test("a merge is reverted alone, and everything that landed before and after stays", async () => {
  const base = await commit([], START);
  const [before = "", merged = ""] = await merge(base, [
    await commit([base], { "c.txt": "c\n" }),
    await commit([base], { "a.txt": "two\n" }),
  ]);
  const head = (
    await clone.landingRevert({
      kind: "landing-revert",
      landing: landing({ commit: before, head: "0".repeat(40) }),
      onto: before,
      message: "",
    })
  ).kind;
  expect(head).toBe("unknown");
  const tip = await commit([merged], { "d.txt": "d\n" });
  const own = await commit([base], { "a.txt": "two\n" });
  const made = await revert(landing({ commit: merged, head: own }), tip);
  expect(made).toMatchObject({ kind: "commit", parent: tip });
  expect(made.kind === "commit" && (await files(made.commit))).toEqual({ ...START, "c.txt": "c\n", "d.txt": "d\n" });
});

test("one step of a candidate that GitHub merged as a whole is reverted without the others", async () => {
  const base = await commit([], START);
  const heads = [await commit([base], { "a.txt": "two\n" }), await commit([base], { "b.txt": "two\n" })];
  const [, candidate = ""] = await merge(base, heads);
  const whole = await commit([base, candidate], { "a.txt": "two\n", "b.txt": "two\n" }, "Land 2 verified steps");
  const made = await revert(landing({ commit: whole, head: heads[0] ?? "" }), whole);
  expect(made.kind === "commit" && (await files(made.commit))).toEqual({ "a.txt": "one\n", "b.txt": "two\n" });
});

test("a squash is reverted as the one commit that it is, also if a person made it and more landed before Enki noticed", async () => {
  const base = await commit([], START);
  const head = await commit([await commit([base], { "a.txt": "half\n" })], { "a.txt": "two\n" });
  const other = await commit([base], { "c.txt": "c\n" }, "other");
  const squash = await commit([other], { "a.txt": "two\n" }, "Fix (#4)");
  const tip = await commit([squash], { "d.txt": "d\n" }, "later");
  const expected = { ...START, "c.txt": "c\n", "d.txt": "d\n" };
  const proven = { method: "squash" as const, onto: other };
  for (const of of [landing({ commit: squash, head, proven }), landing({ commit: tip, head, baseTip: base })]) {
    const made = await revert(of, tip);
    expect(made.kind === "commit" && (await files(made.commit))).toEqual(expected);
  }
  expect(await revert(landing({ commit: tip, head, pull: 5, baseTip: base }), tip)).toEqual({ kind: "unknown" });
});

test("all commits of a rebase are reverted, and none of a landing before it, with and without a proof", async () => {
  const base = await commit([], START);
  const [first, second] = [{ "a.txt": "half\n" }, { "b.txt": "two\n", "e.txt": "e\n" }];
  const head = await commit([await commit([base], first, "first")], second, "second");
  const other = await commit([base], { "c.txt": "c\n" }, "other");
  const rebased = await commit([await commit([other], first, "first")], second, "second");
  const proven = { method: "rebase" as const, onto: other };
  for (const of of [landing({ commit: rebased, head, proven }), landing({ commit: rebased, head, baseTip: base })]) {
    const made = await revert(of, rebased);
    expect(made.kind === "commit" && (await files(made.commit))).toEqual({ ...START, "c.txt": "c\n" });
  }
  // A fresh clone lacks the head of a deleted branch.
  const gone = await revert(landing({ commit: rebased, head: "0".repeat(40), proven }), rebased);
  expect(gone.kind === "commit" && (await files(gone.commit))).toEqual({ ...START, "c.txt": "c\n" });
});

test("a head that became the base itself is reverted from the tip that it was made on", async () => {
  const base = await commit([], START);
  const head = await commit([await commit([base], { "a.txt": "half\n" })], { "b.txt": "two\n" });
  const tip = await commit([head], { "c.txt": "c\n" });
  const made = await revert(landing({ commit: tip, head, baseTip: base }), tip);
  expect(made.kind === "commit" && (await files(made.commit))).toEqual({ ...START, "c.txt": "c\n" });
  expect(await revert(landing({ commit: tip, head }), tip)).toEqual({ kind: "unknown" });
});

test("a revert that conflicts with later changes stays on the landed commit, so that a merge shows both sides", async () => {
  const base = await commit([], START);
  const head = await commit([base], { "a.txt": "two\n", "b.txt": "two\n" });
  const [merged = ""] = await merge(base, [head]);
  const tip = await commit([merged], { "a.txt": "three\n" });
  const made = await revert(landing({ commit: merged, head }), tip);
  if (made.kind !== "commit") throw new Error("it is made");
  expect(made.parent).toBe(merged);
  expect(await files(made.commit)).toEqual(START);
  expect(await clone.conflicts({ kind: "conflicts", onto: tip, head: made.commit })).toEqual([{ path: "a.txt", kind: "contents" }]);
});

test("nothing is left to revert if the base lost the landing, or if somebody reverted it", async () => {
  const base = await commit([], START);
  const head = await commit([base], { "a.txt": "two\n" });
  const [merged = ""] = await merge(base, [head]);
  const of = landing({ commit: merged, head });
  expect(await revert(of, await commit([base], { "c.txt": "c\n" }))).toEqual({ kind: "unchanged" });
  expect(await revert(of, await commit([merged], { "a.txt": "one\n" }))).toEqual({ kind: "unchanged" });
  expect(await revert(landing({ commit: "0".repeat(40), head }), merged)).toEqual({ kind: "unknown" });
});
