import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureWorkRepository } from "../../../src/storage/git/bare-clone.ts";
import { copyHistory } from "../../../src/storage/git/pack-cache.ts";
import { runGit } from "../../../src/storage/git/run-git.ts";
import { after } from "../../support/after.ts";
import { repository } from "../../support/repository.ts";

/** A repository with two commits, a cache, and workspaces that receive copies. */
const open = async () => {
  const repo = await repository();
  onTestFinished(() => repo.close());
  const first = await repo.commit("main", { "a.txt": "a\n" });
  const second = await repo.commit("main", { "a.txt": "b\n" });
  const cache = join(repo.root, "packs");
  let count = 0;
  const copy = async (commit: string): Promise<{ read: (path: string) => Promise<string>; has: (id: string) => Promise<boolean> }> => {
    const directory = join(repo.root, `workspace-${(count += 1)}`);
    mkdirSync(directory);
    await ensureWorkRepository(directory);
    await copyHistory({ directory: repo.url, after }, { commit, objects: join(directory, ".git", "objects"), cache });
    const at = { directory, after };
    return {
      read: async (path) => (await runGit(at, ["show", `${commit}:${path}`])).stdout.toString("utf8"),
      has: async (id) => (await runGit(at, ["cat-file", "-e", id])).code === 0,
    };
  };
  return { repo, first, second, cache, copy };
};

test("copies of one commit share one pack, also if they start together", async () => {
  const { repo, first, second, cache, copy } = await open();
  const copies = await Promise.all([copy(first), copy(first), copy(first)]);
  for (const each of copies) expect(await each.read("a.txt")).toBe("a\n");
  expect(readdirSync(cache).toSorted()).toEqual([`${first}.idx`, `${first}.pack`]);
  // No process reads the repository again, and no later commit comes along.
  renameSync(repo.url, `${repo.url}-moved`);
  const again = await copy(first);
  expect(await again.read("a.txt")).toBe("a\n");
  expect(await again.has(second)).toBe(false);
});

test("only the last pack is kept, and copies that lose theirs make their own", async () => {
  const { first, second, cache, copy } = await open();
  const copies = await Promise.all([first, second, first, second].map(async (commit) => ({ commit, made: await copy(commit) })));
  for (const { commit, made } of copies) expect(await made.read("a.txt")).toBe(commit === first ? "a\n" : "b\n");
  await copy(first);
  await copy(second);
  expect(readdirSync(cache).toSorted()).toEqual([`${second}.idx`, `${second}.pack`]);
  expect(existsSync(join(cache, `${first}.pack`))).toBe(false);
});
