import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureWorkRepository } from "../../../src/storage/git/bare-clone.ts";
import { copyHistory } from "../../../src/storage/git/pack-cache.ts";
import { runGit } from "../../../src/storage/git/run-git.ts";
import { after } from "../../support/after.ts";
import { repository } from "../../support/repository.ts";

/** The names of a cache's files without the hashes of packs. */
const namesIn = (cache: string): string[] =>
  readdirSync(cache)
    .map((name) => name.replace(/(?<=-)[0-9a-f]{40}(?=\.)/, "<hash>"))
    .toSorted();

/** Opens a repository with two commits, a cache, and workspaces for copies. */
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
  expect(namesIn(cache)).toEqual([`${first}-<hash>.idx`, `${first}-<hash>.pack`]);
  // No process reads the repository again, and the copy has no later commit.
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
  expect(namesIn(cache)).toEqual([`${second}-<hash>.idx`, `${second}-<hash>.pack`]);
});

test("a pack and the index of another pack of the same commit, as two processes can leave them, are not used together", async () => {
  const { first, second, cache, copy } = await open();
  const keep = async (commit: string): Promise<void> => {
    await copy(commit);
    const from = readdirSync(cache).find((name) => name.startsWith(commit) && name.endsWith(commit === first ? ".idx" : ".pack")) ?? "";
    renameSync(join(cache, from), join(cache, "..", from.replace(commit, first)));
  };
  await keep(first);
  await keep(second);
  rmSync(cache, { recursive: true });
  mkdirSync(cache);
  for (const name of readdirSync(join(cache, "..")).filter((each) => each.startsWith(first)))
    renameSync(join(cache, "..", name), join(cache, name));
  expect(namesIn(cache)).toEqual([`${first}-<hash>.idx`, `${first}-<hash>.pack`]);
  expect(await (await copy(first)).read("a.txt")).toBe("a\n");
});
