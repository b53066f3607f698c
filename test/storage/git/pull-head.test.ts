import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openClone } from "../../../src/storage/git/repository-clone.ts";
import { after } from "../../support/after.ts";
import { identity, repository } from "../../support/repository.ts";

test.each([{ near: false }, { near: true }])(
  "fetches the head of a pull request, which no branch contains (near: $near)",
  async ({ near }) => {
    const it = await repository();
    try {
      const base = await it.commit("main", { "a.txt": "a\n" });
      const head = await it.commit("fork", { "b.txt": "b\n" });
      execFileSync("git", ["update-ref", "refs/pull/7/head", head], { cwd: it.url });
      execFileSync("git", ["update-ref", "-d", "refs/heads/fork"], { cwd: it.url });
      const clone = await openClone({
        url: it.url,
        directory: join(it.root, "own"),
        token: () => Promise.resolve(undefined),
        identity,
        after,
        ...(near && { near: it.url }),
      });
      await clone.fetch();
      expect(Object.values(await clone.refs())).toEqual([base]);
      expect(await clone.fetchPullHead(7)).toBe(head);
      expect(await clone.isCommit(head)).toBe(true);
      expect(await clone.fetchPullHead(8)).toBeNull();
      await clone.fetch();
      expect(await clone.isCommit(head)).toBe(true);
    } finally {
      it.close();
    }
  },
);
