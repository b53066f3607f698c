import { expect, onTestFinished, test } from "vitest";
import { NAMED, openStage, REPO } from "./stage.ts";

/** Opens a pull request of `task` on `main` with these commits, each a set of files. `main` has moved meanwhile. */
const withPull = async (commits: readonly Readonly<Record<string, string>>[], main: Readonly<Record<string, string>> = {}) => {
  const stage = await openStage({ "a.txt": "one\n" });
  onTestFinished(stage.close);
  const { git, commit, remote, owner, octokit } = stage;
  await git("checkout", "-q", "-b", "task");
  for (const each of commits) await commit(each);
  const head = await git("rev-parse", "HEAD");
  await git("checkout", "-q", "main");
  const base = await commit({ "b.txt": "meanwhile\n", ...main });
  await git("push", "-q", remote(owner), "main", "task");
  const api = octokit(owner);
  const { number } = (await api.pulls.create({ ...REPO, head: "task", base: "main", title: "The task", body: "Words." })).data;
  const merge = async (method: "merge" | "squash" | "rebase", more: object = {}) =>
    (await api.pulls.merge({ ...REPO, pull_number: number, merge_method: method, ...more })).data.sha;
  const show = async (commit: string, format: string): Promise<string> => {
    await git("fetch", "-q", remote(owner), "main");
    return git("log", "-1", `--format=${format}`, commit);
  };
  return { ...stage, api, number, merge, show, base, head };
};

const TWO = [{ "c.txt": "first\n" }, { "c.txt": "second\n" }];

test("a squash is one commit on the base with the files of the merge, by the author of the pull request", async () => {
  const { merge, show, base, api, number } = await withPull(TWO);
  const commit = await merge("squash");
  expect(await show(commit, "%P|%an|%cn|%B")).toBe(`${base}|octo|GitHub|The task (#${number})\n\n* change c.txt\n\n* change c.txt`);
  expect(await show(`${commit}:c.txt`, "")).toBe("");
  const pull = (await api.pulls.get({ ...REPO, pull_number: number })).data;
  expect(pull).toMatchObject({ merged: true, merge_commit_sha: commit });
});

test("a squash of one commit uses its message, unless the request sets title and message", async () => {
  const one = await withPull([{ "c.txt": "first\n" }]);
  expect(await one.show(await one.merge("squash"), "%B")).toBe(`change c.txt (#${one.number})`);
  const told = await withPull(TWO);
  const words = { commit_title: "Land it", commit_message: "Enki-Task: a-b" };
  expect(await told.show(await told.merge("squash", words), "%B")).toBe("Land it\n\nEnki-Task: a-b");
});

test("a rebase replays each commit with its author and message; the committer is the person who merged", async () => {
  const { merge, git, show, base, head } = await withPull(TWO);
  const commit = await merge("rebase");
  expect(await show(commit, "%an|%ae|%cn|%s")).toBe("Ada|ada@example.invalid|octo|change c.txt");
  expect(await git("log", "--format=%s", `${base}..${commit}`)).toBe("change c.txt\nchange c.txt");
  expect(await git("rev-parse", `${commit}~2`)).toBe(base);
  expect(await git("log", "-1", "--format=%at", commit)).toBe(await git("log", "-1", "--format=%at", head));
});

test("refuses a rebase if a commit conflicts or the result differs from a merge", async () => {
  // The first commit conflicts with the base and the second reverts it: GitHub can merge the commits, but cannot rebase them.
  const { merge } = await withPull([{ "a.txt": "two\n" }, { "a.txt": "one\n", "c.txt": "c\n" }], { "a.txt": "three\n" });
  await expect(merge("rebase")).rejects.toMatchObject({ status: 405, message: expect.stringContaining("can't be rebased") });
  await expect(merge("squash")).resolves.toMatch(/^[0-9a-f]{40}$/);
});

test("a repository reports its merge methods, and refuses others with GitHub's message", async () => {
  const { api, merge, forge, octokit } = await withPull(TWO);
  await api.repos.update({ ...REPO, allow_merge_commit: false, allow_rebase_merge: false });
  expect((await api.repos.get(REPO)).data).toMatchObject({
    allow_merge_commit: false,
    allow_squash_merge: true,
    allow_rebase_merge: false,
  });
  await expect(merge("merge")).rejects.toMatchObject({
    status: 405,
    message: expect.stringContaining("Merge commits are not allowed on this repository."),
  });
  await expect(merge("rebase")).rejects.toMatchObject({ status: 405 });
  await expect(api.repos.update({ ...REPO, allow_squash_merge: false })).rejects.toMatchObject({ status: 422 });
  const stranger = octokit(forge.createUser("ada"));
  expect((await stranger.repos.get(REPO)).data, "who may not write is not told").not.toHaveProperty("allow_squash_merge");
  await expect(stranger.repos.update({ ...REPO, allow_merge_commit: true })).rejects.toMatchObject({ status: 403 });
  await merge("squash");
});

const RULE = { branch: "main" };

test("the linear history rule allows squashes and rebases, but no merge commit", async () => {
  const { forge, merge } = await withPull(TWO);
  forge.setRules(NAMED, [{ ...RULE, type: "required_linear_history" }]);
  await expect(merge("merge")).rejects.toMatchObject({ status: 405 });
  await merge("rebase");
});

test("a pull request rule with merge methods refuses other methods", async () => {
  const { forge, merge } = await withPull(TWO);
  forge.setRules(NAMED, [{ ...RULE, type: "pull_request", parameters: { allowed_merge_methods: ["squash"] } }]);
  await expect(merge("merge")).rejects.toMatchObject({ status: 405 });
  await expect(merge("rebase")).rejects.toMatchObject({ status: 405 });
  await merge("squash");
});

test("with required signatures, GitHub's squash is signed, but merged and rebased commits of others are not", async () => {
  const { forge, merge, git, commit, remote, owner } = await withPull(TWO);
  forge.setRules(NAMED, [{ ...RULE, type: "required_signatures" }]);
  await expect(merge("merge"), "brings unsigned commits").rejects.toMatchObject({ status: 405 });
  await expect(merge("rebase"), "is not signed").rejects.toMatchObject({ status: 405 });
  await merge("squash");
  await git("fetch", "-q", remote(owner), "main");
  await git("checkout", "-q", "FETCH_HEAD");
  await commit({ "d.txt": "unsigned\n" });
  await expect(git("push", "-q", remote(owner), "HEAD:main")).rejects.toThrow("verified signatures");
});
