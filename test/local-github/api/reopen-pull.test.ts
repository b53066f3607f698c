import { expect, onTestFinished, test } from "vitest";
import { openStage, REPO } from "./stage.ts";

/** A closed pull request of `task` on `main`, one commit ahead. */
const withClosedPull = async () => {
  const stage = await openStage();
  onTestFinished(() => stage.close());
  const api = stage.octokit(stage.owner);
  const push = (...refspecs: string[]) => stage.git("push", "-q", stage.remote(stage.owner), ...refspecs);
  await stage.git("checkout", "-q", "-b", "task");
  const head = await stage.commit({ "task.txt": "one\n" });
  await push("task");
  const { data } = await api.pulls.create({ ...REPO, head: "task", base: "main", title: "Task", body: "Words." });
  const set = (state: "open" | "closed") => api.pulls.update({ ...REPO, pull_number: data.number, state });
  await set("closed");
  return { ...stage, push, head, reopen: async () => (await set("open")).data };
};

test("a reopened pull request follows what was pushed to its branch and its base meanwhile", async () => {
  const { push, reopen, commit, git } = await withClosedPull();
  const head = await commit({ "task.txt": "two\n" });
  await push("task");
  await git("checkout", "-q", "main");
  const base = await commit({ "other.txt": "x\n" });
  await push("main");
  expect(await reopen()).toMatchObject({ state: "open", head: { sha: head }, base: { sha: base } });
});

// https://github.com/isaacs/github/issues/361
test("a pull request is not reopened after a force-push to its branch", async () => {
  const { push, reopen, commit, git, head } = await withClosedPull();
  await git("reset", "-q", "--hard", "main");
  await commit({ "task.txt": "another\n" });
  await push("+task");
  await expect(reopen()).rejects.toThrow("The task branch was force-pushed or recreated.");
  await push(`+${head}:task`);
  expect(await reopen()).toMatchObject({ state: "open", head: { sha: head } });
});

test("a pull request is not reopened after its base received its head", async () => {
  const { push, reopen } = await withClosedPull();
  await push("task:main");
  await expect(reopen()).rejects.toThrow("There are no new commits between main and task.");
});

test("a pull request is not reopened after its base was deleted", async () => {
  const stage = await openStage();
  onTestFinished(() => stage.close());
  const api = stage.octokit(stage.owner);
  const push = (...refspecs: string[]) => stage.git("push", "-q", stage.remote(stage.owner), ...refspecs);
  await push("main:base");
  await stage.git("checkout", "-q", "-b", "task");
  await stage.commit({ "task.txt": "one\n" });
  await push("task");
  const { data } = await api.pulls.create({ ...REPO, head: "task", base: "base", title: "Task", body: "Words." });
  await push(":base");
  await expect(api.pulls.update({ ...REPO, pull_number: data.number, state: "open" })).rejects.toThrow("The base branch was deleted.");
});
