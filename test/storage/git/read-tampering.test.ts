import { expect, test } from "vitest";
import { readTampering } from "../../../src/storage/git/read-tampering.ts";
import { openJudgedRepository, TEST_FILE } from "./judged-repository.ts";

const { repo, clone, base } = await openJudgedRepository({
  "c.js": "1\n",
  "big.test.js": `${TEST_FILE}${"// x\n".repeat(1_000)}`,
});

const judge = async (head: string, ...onto: string[]) => {
  await clone.fetch();
  return readTampering(clone.running, { kind: "tampering", head, onto });
};

test("finds a deleted test in the commits of a head", async () => {
  const head = await repo.commit("task/one", { "a.test.js": null, "c.js": "2\n" }, { parents: [base] });
  expect(await judge(head, base)).toEqual([{ path: "a.test.js", kind: "deleted" }]);
});

test("finds nothing in a head that adds a test and changes code", async () => {
  const head = await repo.commit("task/two", { "d.test.js": TEST_FILE, "c.js": "2\n" }, { parents: [base] });
  expect(await judge(head, base)).toEqual([]);
});

test("does not blame a head for what its base, or the work below it, deleted", async () => {
  const below = await repo.commit("task/below", { "b.test.js": null }, { parents: [base] });
  const head = await repo.commit("task/above", { "c.js": "3\n" }, { parents: [below] });
  expect(await judge(head, base, below)).toEqual([]);
  const worse = await repo.commit("task/worse", { "a.test.js": null }, { parents: [below] });
  expect(await judge(worse, base, below)).toEqual([{ path: "a.test.js", kind: "deleted" }]);
  const tip = await repo.commit("moved", { "b.test.js": null }, { parents: [base] });
  const merge = await repo.commit("task/merge", { "b.test.js": null, "c.js": "4\n" }, { parents: [base, tip] });
  expect(await judge(merge, base, tip)).toEqual([]);
});

test("finds a file that is worse than in each commit, although in another way", async () => {
  const more = `${TEST_FILE}test("b", () => {\n  expect(b()).toBe(1);\n});\n`;
  const below = await repo.commit("task/adds", { "a.test.js": more }, { parents: [base] });
  const head = await repo.commit("task/loses", { "a.test.js": TEST_FILE.replace("toBe(1)", "toBeDefined()") }, { parents: [below] });
  expect(await judge(head, base, below)).toEqual([{ path: "a.test.js", kind: "weakened" }]);
});

test("finds the own file of a head beside many that the work below it changed, and names at most fifty", async () => {
  const snapshots = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`__snapshots__/${at}.snap`, "1"]));
  const first = await repo.commit("many", { ...snapshots, "z.test.js": TEST_FILE }, { parents: [] });
  const changed = Object.fromEntries(Object.keys(snapshots).map((path) => [path, "2"]));
  const below = await repo.commit("task/many", changed, { parents: [first] });
  const head = await repo.commit("task/last", { "z.test.js": null }, { parents: [below] });
  expect(await judge(head, first, below)).toEqual([{ path: "z.test.js", kind: "deleted" }]);
  expect(await judge(below, first)).toHaveLength(50);
});

test("leaves a test to a person that became binary or too large", async () => {
  const head = await repo.commit(
    "task/large",
    { "a.test.js": `\0${TEST_FILE}`, "big.test.js": `${TEST_FILE}${"// y\n".repeat(120_000)}` },
    { parents: [base] },
  );
  expect(await judge(head, base)).toEqual([
    { path: "a.test.js", kind: "unread" },
    { path: "big.test.js", kind: "unread" },
  ]);
});

test("takes names as they are", async () => {
  const head = await repo.commit("task/names", { 'té"\nst.test.js': TEST_FILE }, { parents: [base] });
  const gone = await repo.commit("task/gone", { 'té"\nst.test.js': null }, { parents: [head] });
  expect(await judge(gone, head)).toEqual([{ path: 'té"\nst.test.js', kind: "deleted" }]);
});

test("judges a head that shares no commit with its base as a whole", async () => {
  const head = await repo.commit("task/alone", { "a.test.js": TEST_FILE }, { parents: [] });
  expect(await judge(head, base)).toEqual([]);
});
