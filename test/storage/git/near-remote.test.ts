import { existsSync, lstatSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openClone } from "../../../src/storage/git/repository-clone.ts";
import { after } from "../../support/after.ts";
import { identity, repository } from "../../support/repository.ts";

/** Creates a remote with one commit on main, and a clone near the remote. */
const open = async () => {
  const repo = await repository();
  onTestFinished(() => repo.close());
  const base = await repo.commit("main", { "a.txt": "a\n" });
  const options = { url: repo.url, token: () => Promise.resolve(undefined), identity, after, near: repo.url };
  const directory = join(repo.root, "near");
  const reopen = () => openClone({ ...options, directory });
  return { repo, base, directory, reopen, clone: await reopen() };
};

test("a clone near its remote sees the remote's refs and files without fetching", async () => {
  const { repo, base, directory, clone } = await open();
  await clone.fetch();
  expect(await clone.refs()).toEqual({ "refs/heads/main": base });
  expect(await clone.textAt(base, "a.txt")).toBe("a\n");
  const next = await repo.commit("main", { "a.txt": "b\n" });
  expect(await clone.refs()).toEqual({ "refs/heads/main": base });
  await clone.fetchLedger();
  expect(await clone.refs()).toEqual({ "refs/heads/main": next });
  expect(await clone.remoteRef("refs/heads/main")).toBe(next);
  expect(await clone.isAncestor(base, next)).toBe(true);
  expect(lstatSync(join(directory, "objects")).isSymbolicLink()).toBe(true);
});

test("it pushes like any clone, and keeps its own refs across a restart", async () => {
  const { repo, base, clone, reopen } = await open();
  await clone.fetch();
  const tree = await clone.writeFiles(base, new Map([["b.txt", { content: "b\n", mode: "100644" }]]));
  const made = await clone.writeCommit({ tree, parents: [base], message: "b", at: 0 });
  const [move, own] = ["refs/heads/main", "refs/enki-verified/ledger"].map((ref, at) => ({
    ref,
    oldSha: at === 0 ? base : null,
    newSha: made,
  }));
  expect(await clone.push(move ? [move] : [], own ? [own] : [])).toEqual({ kind: "pushed" });
  expect(await clone.refs()).toEqual({ "refs/heads/main": made });
  expect(repo.git("show", "main:b.txt")).toBe("b");
  expect((await clone.push([{ ref: "refs/heads/main", oldSha: base, newSha: made }])).kind).toBe("pushed");
  expect((await clone.push([{ ref: "refs/heads/main", oldSha: base, newSha: base }])).kind).toBe("stale");
  const again = await reopen();
  expect(await again.readRef("refs/enki-verified/ledger")).toBe(made);
  expect(existsSync(join(repo.url, "refs/enki-verified"))).toBe(false);
});

test("a clone removes the locks that a dead process left in it", async () => {
  const { base, directory, reopen } = await open();
  mkdirSync(join(directory, "refs/enki-verified"), { recursive: true });
  for (const name of ["refs/enki-verified/ledger.lock", "packed-refs.lock"]) writeFileSync(join(directory, name), "");
  const again = await reopen();
  const ref = "refs/enki-verified/ledger";
  await again.moveOwnRefs([{ ref, oldSha: null, newSha: base }]);
  await again.moveOwnRefs([{ ref, oldSha: base, newSha: null }]);
  expect(await again.readRef(ref)).toBeNull();
});

test("a clone near its remote never sees half of a push", async () => {
  const { repo, base, directory } = await open();
  const next = await repo.commit("next", { "a.txt": "b\n" }, { parents: [base] });
  const lock = join(repo.url, "refs/heads/main.lock");
  // Git locks a push's refs before it moves the first one. The ledger has already moved.
  writeFileSync(lock, `${next}\n`);
  repo.git("update-ref", "refs/enki/ledger", next);
  const finishPush = (): (() => void) => {
    if (existsSync(lock)) renameSync(lock, join(repo.url, "refs/heads/main"));
    return () => undefined;
  };
  const clone = await openClone({
    url: repo.url,
    near: repo.url,
    directory: `${directory}-2`,
    token: () => Promise.resolve(undefined),
    identity,
    after: (_, call) => {
      const cancel = finishPush();
      call();
      return cancel;
    },
  });
  await clone.fetch();
  expect(await clone.refs()).toEqual({ "refs/enki/ledger": next, "refs/heads/main": next, "refs/heads/next": next });
});

test("a lock that a dead process left in the remote does not stop a clone near it", async () => {
  const { repo, base, clone } = await open();
  writeFileSync(join(repo.url, "refs/heads/other.lock"), "");
  await clone.fetch();
  expect(await clone.refs()).toEqual({ "refs/heads/main": base });
});
