import { afterAll, beforeAll, expect, test } from "vitest";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
let clone: RepositoryClone;
beforeAll(async () => {
  repo = await repository();
  clone = await repo.clone();
});
afterAll(() => repo.close());

/** Creates a base with a head merged by another person, and a commit after the merge. */
const merged = async (branch: string) => {
  const base = await repo.commit(branch, { "a.txt": "one\n", "b.txt": "one\n" });
  const head = await repo.commit(`task/${branch}`, { "b.txt": "two\n" }, { parents: [base] });
  await clone.fetch();
  const chain = { kind: "merge-chain" as const, onto: base, merges: [{ task: "abcdef-x" as const, head, message: "Merge", needs: [] }] };
  const [link] = await clone.mergeChain(chain);
  if (link?.kind !== "merged") throw new Error("it merges");
  const own = await clone.writeFiles(link.commit, new Map([["c.txt", { content: "later\n", mode: "100644" }]]));
  const tip = await clone.writeCommit({ tree: own, parents: [link.commit], message: "later", at: 9_000 });
  return { base, head, merge: link.commit, tree: link.tree, tip };
};

test("finds the commit that merged a head below later commits, with its tree", async () => {
  const { base, head, merge, tree, tip } = await merged("one");
  expect(await clone.mergeOf({ kind: "merge-of", head, onto: base, tip })).toEqual({ commit: merge, tree });
  expect(await clone.mergeOf({ kind: "merge-of", head: tip, onto: base, tip: merge })).toBeNull();
  expect(await clone.mergeOf({ kind: "merge-of", head, onto: tip, tip })).toBeNull();
});

test("72 reverts a merge and keeps later commits", async () => {
  const { merge, tip } = await merged("two");
  const revert = (await clone.revert({ kind: "revert", merge, tip, message: "Take back" })) ?? "";
  await clone.push([{ ref: "refs/heads/back", oldSha: null, newSha: revert }]);
  expect(repo.git("show", `${revert}:b.txt`)).toBe("one");
  expect(repo.git("show", `${revert}:c.txt`)).toBe("later");
  expect(repo.git("log", "-1", "--format=%P", revert)).toBe(tip);
  expect(await clone.revert({ kind: "revert", merge, tip, message: "Take back" })).toBe(revert);
});

test("does not revert a merge whose lines changed since", async () => {
  const { merge, tip } = await merged("three");
  const tree = await clone.writeFiles(tip, new Map([["b.txt", { content: "three\n", mode: "100644" }]]));
  const changed = await clone.writeCommit({ tree, parents: [tip], message: "change", at: 9_500 });
  expect(await clone.revert({ kind: "revert", merge, tip: changed, message: "Take back" })).toBeNull();
});

test("recognises a squash by the head that it names, and a rebase by author, time and message of its last commit", async () => {
  const base = await repo.commit("main-4", { "a.txt": "one\n" });
  const head = await repo.commit("task/4", { "b.txt": "two\n" }, { parents: [base] });
  await clone.fetch();
  const like = (message: string, parents: readonly string[], at = 1_000_000_000_000) =>
    clone.writeFiles(head, new Map()).then((tree) => clone.writeCommit({ tree, parents, message, at }));
  const before = await repo.commit("main-4", { "c.txt": "meanwhile\n" });
  await clone.fetch();
  const squash = await like(`Do it (#4)\n\nEnki-Task: abcdef-x\nEnki-Execution: abcdef\nEnki-Head: ${head}`, [before], 2_000_000_000_000);
  const rebase = await like("change task/4", [before]);
  const foreign = await like("change task/4", [before], 3_000_000_000_000);
  const find = (tip: string, method: "merge" | "squash" | "rebase") => clone.mergeOf({ kind: "merge-of", head, onto: base, tip, method });
  expect(await find(squash, "squash")).toMatchObject({ commit: squash });
  expect(await find(rebase, "rebase")).toMatchObject({ commit: rebase });
  expect(await find(foreign, "rebase"), "at another time").toBeNull();
  expect(await find(squash, "merge")).toBeNull();
  expect(await find(before, "squash")).toBeNull();
});
