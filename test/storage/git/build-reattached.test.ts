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

const LINES = "one\ntwo\nthree\n";

/** Creates a base with squashed work, and a head of two commits on the work before the squash. */
const squashed = async (name: string, own: Readonly<Record<string, string>>) => {
  const base = await repo.commit(name, { "a.txt": LINES });
  const first = await repo.commit(`task/${name}-first`, { "a.txt": "ONE\ntwo\nthree\n" }, { parents: [base] });
  await clone.fetch();
  const chain = {
    kind: "merge-chain" as const,
    onto: base,
    merges: [{ task: "abcdef-x" as const, head: first, message: "Build", needs: [] }],
  };
  const [ground] = await clone.mergeChain(chain);
  if (ground?.kind !== "merged") throw new Error("it merges");
  const write = async (on: string, files: Readonly<Record<string, string>>, parents: readonly string[]) =>
    clone.writeCommit({
      tree: await clone.writeFiles(on, new Map(Object.entries(files).map(([path, content]) => [path, { content, mode: "100644" }]))),
      parents,
      message: "change",
      at: 1_000_000_000_000,
    });
  const middle = await write(ground.commit, { "b.txt": "b\n" }, [ground.commit]);
  const head = await write(middle, own, [middle]);
  const tip = await write(first, { "c.txt": "meanwhile\n" }, [base]);
  const ask = (linear: boolean) => clone.reattach({ kind: "reattach", head, excludedHeads: [first], onto: tip, message: "Rejoin", linear });
  const show = async (commit: string, path: string): Promise<string> =>
    (await clone.readFiles(commit, [path])).get(path)?.toString("utf8") ?? "";
  return { base, first, head, tip, ask, show };
};

test("applies only a head's own changes, each line once, and keeps all of its commits", async () => {
  const { head, tip, ask, show, base } = await squashed("one", { "a.txt": "ONE!\ntwo\nthree\n" });
  const made = await ask(false);
  if (made.kind !== "commit") throw new Error(made.kind);
  expect(await show(made.commit, "a.txt")).toBe("ONE!\ntwo\nthree\n");
  expect([await show(made.commit, "b.txt"), await show(made.commit, "c.txt")]).toEqual(["b\n", "meanwhile\n"]);
  expect(await clone.isAncestor(head, made.commit)).toBe(true);
  expect(await clone.isAncestor(tip, made.commit)).toBe(true);
  expect(await ask(false)).toEqual(made);
  // A plain merge would conflict in the same lines.
  const plain = await clone.mergeChain({
    kind: "merge-chain",
    onto: tip,
    merges: [{ task: "abcdef-y", head, message: "Merge", needs: [] }],
  });
  expect(plain).toEqual([{ kind: "conflict", paths: ["a.txt"] }]);
  expect(await clone.isAncestor(base, made.commit)).toBe(true);
});

test("keeps a head's reverts of the work below", async () => {
  const { ask, show } = await squashed("two", { "a.txt": LINES });
  const made = await ask(true);
  if (made.kind !== "commit") throw new Error(made.kind);
  expect(await show(made.commit, "a.txt")).toBe(LINES);
});

test("is one commit on the base if linear", async () => {
  const { tip, ask, head } = await squashed("three", { "d.txt": "d\n" });
  const made = await ask(true);
  if (made.kind !== "commit") throw new Error(made.kind);
  await clone.push([{ ref: "refs/heads/linear", oldSha: null, newSha: made.commit }]);
  expect(repo.git("log", "-1", "--format=%P", made.commit)).toBe(tip);
  expect(await clone.isAncestor(head, made.commit)).toBe(false);
});

test("reports a conflict with the base, and a head without changes", async () => {
  const { ask } = await squashed("four", { "c.txt": "own\n" });
  expect(await ask(false)).toEqual({ kind: "conflict", paths: ["c.txt"] });
  const { first, tip } = await squashed("five", {});
  const nothing = { kind: "reattach" as const, head: first, excludedHeads: [first], onto: tip, message: "Rejoin", linear: false };
  expect(await clone.reattach(nothing)).toEqual({ kind: "unchanged" });
});
