import { expect, test } from "vitest";
import { buildTrial } from "../../../src/storage/git/build-trial.ts";
import { openJudgedRepository, TEST_FILE } from "./judged-repository.ts";

const { repo, clone, base } = await openJudgedRepository({
  "a.js": "1\n",
  "package.json": '{"scripts":{"test":"vitest"}}',
});

const attempt = async (head: string, onto: readonly string[], paths: readonly string[]) => {
  await clone.fetch();
  return buildTrial(clone.running, clone.identity, { kind: "trial", head, onto, paths, message: "try" });
};

/** Returns the files of a trial, each with its content. */
const filesOf = async (head: string, onto: readonly string[], paths: readonly string[]): Promise<Record<string, string>> => {
  const built = await attempt(head, onto, paths);
  const files = built.kind === "commit" ? await clone.readFiles(built.commit) : expect.fail("nothing was put back");
  return Object.fromEntries([...files].map(([path, content]) => [path, content.toString("utf8")]));
};

test("puts deleted and changed files back on the code of a head, without files that it added to weaken them", async () => {
  const head = await repo.commit(
    "task/one",
    { "a.test.js": null, "b.test.js": "test.skip()\n", "a.js": "2\n", "jest.config.js": "module.exports = { testMatch: [] };\n" },
    { parents: [base] },
  );
  expect(await filesOf(head, [base], ["a.test.js", "b.test.js", "jest.config.js"])).toEqual({
    "a.test.js": TEST_FILE,
    "b.test.js": TEST_FILE,
    "a.js": "2\n",
    "package.json": '{"scripts":{"test":"vitest"}}',
  });
});

test("is the same commit on the head in every clone", async () => {
  const head = await repo.commit("task/same", { "a.test.js": null }, { parents: [base] });
  const one = await attempt(head, [base], ["a.test.js"]);
  const other = await repo.clone();
  await other.fetch();
  expect(
    await buildTrial(other.running, other.identity, { kind: "trial", head, onto: [base], paths: ["a.test.js"], message: "try" }),
  ).toEqual(one);
  expect(one).toMatchObject({ onto: base });
  const commit = one.kind === "commit" ? one.commit : "";
  expect(repo.git("-C", clone.directory, "log", "-1", "--format=%P %s", commit).trim()).toBe(`${head} try`);
});

test("takes the files from where the head started, although the base has moved on", async () => {
  const head = await repo.commit("task/old", { "a.test.js": null }, { parents: [base] });
  const tip = await repo.commit("moved", { "a.test.js": `${TEST_FILE}// newer\n` }, { parents: [base] });
  expect((await filesOf(head, [tip], ["a.test.js"]))["a.test.js"]).toBe(TEST_FILE);
});

test("takes the files of the work below the head where that work changed them", async () => {
  const below = await repo.commit("task/below", { "a.test.js": `${TEST_FILE}// below\n` }, { parents: [base] });
  const head = await repo.commit("task/above", { "a.test.js": null, "b.test.js": null }, { parents: [below] });
  expect(await filesOf(head, [base, below], ["a.test.js", "b.test.js"])).toMatchObject({
    "a.test.js": `${TEST_FILE}// below\n`,
    "b.test.js": TEST_FILE,
  });
});

test("puts only the scripts of a package.json back", async () => {
  const changed = '{"scripts":{"test":"true"},"dependencies":{"a":"1.0.0"}}';
  const head = await repo.commit("task/package", { "package.json": changed }, { parents: [base] });
  const files = await filesOf(head, [base], ["package.json"]);
  expect(JSON.parse(files["package.json"] ?? "")).toEqual({ scripts: { test: "vitest" }, dependencies: { a: "1.0.0" } });
});

test("puts a file back in the place of a folder, and of a file above it", async () => {
  const first = await repo.commit("shapes", { "test/a": TEST_FILE, "spec.test.js": TEST_FILE, "z.js": "1\n" }, { parents: [] });
  const head = await repo.commit(
    "task/shapes",
    { "test/a": null, test: "x\n", "spec.test.js": null, "spec.test.js/b.js": "y\n" },
    { parents: [first] },
  );
  expect(await filesOf(head, [first], ["test/a", "spec.test.js"])).toEqual({
    "test/a": TEST_FILE,
    "spec.test.js": TEST_FILE,
    "z.js": "1\n",
  });
});

test("finds nothing to put back in a head whose files are as before", async () => {
  const head = await repo.commit("task/honest", { "a.js": "3\n" }, { parents: [base] });
  expect(await attempt(head, [base], ["a.test.js"])).toEqual({ kind: "unchanged" });
});

test("removes the files of a head that shares no commit with its base", async () => {
  const head = await repo.commit("task/alone", { "a.test.js": TEST_FILE, "a.js": "1\n" }, { parents: [] });
  expect(await filesOf(head, [base], ["a.test.js"])).toEqual({ "a.js": "1\n" });
});
