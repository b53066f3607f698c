import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { listen, openStage, REPO, type Stage } from "./stage.ts";

/** Opens a stage with an App that receives webhooks. */
const open = async (...given: Parameters<typeof openStage>) => {
  const stage = await openStage(...given);
  const hooks = await listen();
  await stage.forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "s", webhookUrl: hooks.url });
  onTestFinished(async () => {
    await stage.close();
    await hooks.close();
  });
  /** The names and actions of events since the last call. */
  let seen = 0;
  const events = async (): Promise<string[]> => {
    await stage.forge.waitUntilIdle();
    const fresh = stage.forge.deliveries().slice(seen);
    seen += fresh.length;
    return fresh.map(({ event, payload }) => [event, payload["action"]].filter((part) => typeof part === "string").join(" "));
  };
  const push = (...refspecs: string[]) => stage.git("push", "-q", "--atomic", stage.remote(stage.owner), ...refspecs);
  return { ...stage, events, push, api: stage.octokit(stage.owner) };
};

const lastPayload = (stage: Stage, event: string) => stage.forge.deliveries().findLast((delivery) => delivery.event === event)?.payload;

/** Opens a pull request of `task` on `main`, one commit ahead. */
const withPull = async (...given: Parameters<typeof openStage>) => {
  const stage = await open(...given);
  await stage.git("checkout", "-q", "-b", "task");
  const head = await stage.commit({ "task.txt": "one\n" });
  await stage.push("task");
  const { data } = await stage.api.pulls.create({ ...REPO, head: "task", base: "main", title: "Task", body: "Words." });
  await stage.events();
  const pull = async () => (await stage.api.pulls.get({ ...REPO, pull_number: data.number })).data;
  return { ...stage, head, number: data.number, pull };
};

test("a push event reports the ref, the old and new commit, the commits in between and the actor", async () => {
  const stage = await open();
  const before = await stage.git("rev-parse", "HEAD");
  const one = await stage.commit({ "a.txt": "a\n" });
  const two = await stage.commit({ "b.txt": "b\n" });
  await stage.push("main");
  expect(await stage.events()).toEqual(["push"]);
  expect(lastPayload(stage, "push")).toMatchObject({
    ref: "refs/heads/main",
    before,
    after: two,
    created: false,
    forced: false,
    commits: [{ id: one }, { id: two }],
    head_commit: { id: two, message: "change b.txt" },
    pusher: { name: "octo" },
    sender: { login: "octo" },
    repository: { full_name: "octo/demo" },
  });
});

test("emits create and delete events for branches and tags, but not for Enki's refs", async () => {
  const stage = await open();
  await stage.push("main:side", "main:refs/tags/v1");
  expect((await stage.events()).sort()).toEqual(["create", "create", "push", "push"]);
  await stage.push(":side");
  expect(await stage.events()).toEqual(["delete", "push"]);
  expect(lastPayload(stage, "push")).toMatchObject({ deleted: true, after: "0".repeat(40), head_commit: null });
  await stage.push("main:refs/enki/ledger");
  expect(await stage.events()).toEqual([]);
});

test("updates a pull request and its ref with its branch", async () => {
  const stage = await withPull();
  const next = await stage.commit({ "task.txt": "two\n" });
  await stage.push("task");
  expect(await stage.events()).toEqual(["pull_request synchronize", "push"]);
  expect(lastPayload(stage, "pull_request")).toMatchObject({ before: stage.head, after: next, pull_request: { head: { sha: next } } });
  expect(await stage.git("ls-remote", stage.remote(stage.owner), `refs/pull/${stage.number}/head`)).toContain(next);
});

test("marks a pull request as merged when its head lands, with the pusher and the landing commit", async () => {
  const stage = await withPull();
  await stage.git("checkout", "-q", "main");
  await stage.git("merge", "-q", "--no-ff", "-m", "land", "task");
  const landing = await stage.git("rev-parse", "HEAD");
  await stage.commit({ "later.txt": "x\n" });
  await stage.push("main");
  expect(await stage.events()).toEqual(["push", "pull_request closed"]);
  expect(await stage.pull()).toMatchObject({ state: "closed", merged: true, merge_commit_sha: landing, merged_by: { login: "octo" } });
});

test("marks a pull request as merged if the landing push also deletes its head", async () => {
  const stage = await withPull();
  await stage.git("checkout", "-q", "main");
  await stage.git("merge", "-q", "--no-ff", "-m", "land", "task");
  await stage.push("main", ":task");
  await stage.events();
  expect(await stage.pull()).toMatchObject({ state: "closed", merged: true });
});

test("closes a pull request unmerged when its head is deleted before landing", async () => {
  const stage = await withPull();
  await stage.push(":task");
  expect(await stage.events()).toEqual(["pull_request closed", "delete", "push"]);
  expect(await stage.pull()).toMatchObject({ state: "closed", merged: false });
});

// Seen on GitHub: grafana/mimir-prometheus#933, Avarok-Cybersecurity/atlas#952.
test("closes a pull request unmerged when its head is pushed to the tip of its base, and does not reopen it", async () => {
  const stage = await withPull();
  const reopen = () => stage.api.pulls.update({ ...REPO, pull_number: stage.number, state: "open" });
  await stage.push("+main:task");
  expect(await stage.events()).toEqual(["pull_request synchronize", "pull_request closed", "push"]);
  expect(await stage.pull()).toMatchObject({ state: "closed", merged: false });
  await expect(reopen()).rejects.toThrow("There are no new commits between main and task.");
  await stage.push(`+${stage.head}:task`);
  await expect(reopen(), "its head is that of its end").rejects.toThrow("There are no new commits between main and task.");
});

// Seen on GitHub: Mergifyio/mergify-cli#1559, Avarok-Cybersecurity/atlas#952.
test("marks a pull request as merged when its head is pushed to an earlier commit of its base", async () => {
  const stage = await withPull();
  await stage.git("checkout", "-q", "main");
  await stage.commit({ "later.txt": "x\n" });
  await stage.push("main");
  await stage.events();
  await stage.push("+main~1:task");
  expect(await stage.events()).toEqual(["pull_request synchronize", "push", "pull_request closed"]);
  expect(await stage.pull()).toMatchObject({ state: "closed", merged: true, merged_by: { login: "octo" } });
});

test("marks a pull request as merged when one push moves its base and its head to the same commit", async () => {
  const stage = await withPull();
  const next = await stage.commit({ "task.txt": "two\n" });
  await stage.push("task", "task:main");
  await stage.events();
  expect(await stage.pull()).toMatchObject({ state: "closed", merged: true, head: { sha: next } });
});

test("marks a merge after a delay, and not at all if the head moved meanwhile", async () => {
  const waiting: (() => void)[] = [];
  const stage = await withPull({}, { lag: { mergedMs: LAG }, after: slow(waiting) });
  await stage.push("task:main");
  expect(await stage.pull()).toMatchObject({ state: "open", merged: false });
  await stage.commit({ "task.txt": "two\n" });
  await stage.push("task");
  for (const fire of waiting.splice(0)) fire();
  await stage.events();
  expect(await stage.pull()).toMatchObject({ state: "open", merged: false });
  await stage.push("task:main");
  for (const fire of waiting.splice(0)) fire();
  await stage.events();
  expect(await stage.pull()).toMatchObject({ state: "closed", merged: true });
});

test("drops delayed work when the forge is closed", async () => {
  const waiting: (() => void)[] = [];
  const stage = await withPull({}, { lag: { mergedMs: LAG }, after: slow(waiting) });
  await stage.push("task:main");
  expect(waiting.length).toBe(1);
  await stage.forge.close();
  for (const fire of waiting) fire();
  await stage.forge.waitUntilIdle();
});

/** Different from all time limits of processes and requests. */
const LAG = 77_000;

/** The test ends the delay of the merge mark; time limits of processes and requests never fire. */
function slow(waiting: (() => void)[]) {
  return (delay: number, call: () => void) => {
    if (delay === LAG) waiting.push(call);
    return (): void => void waiting.splice(0, Infinity, ...waiting.filter((other) => other !== call));
  };
}

test("closes pull requests when their base is deleted", async () => {
  const stage = await open();
  await stage.push("main:base");
  await stage.git("checkout", "-q", "-b", "task");
  await stage.commit({ "task.txt": "one\n" });
  await stage.push("task");
  await stage.api.pulls.create({ ...REPO, head: "task", base: "base", title: "Task" });
  await stage.push(":base");
  expect(await stage.events()).toContain("pull_request closed");
});

test("merges the requested head exactly once", async () => {
  const stage = await withPull();
  const merge = (sha?: string) => stage.api.pulls.merge({ ...REPO, pull_number: stage.number, ...(sha !== undefined && { sha }) });
  await expect(merge("0".repeat(40))).rejects.toMatchObject({ status: 409 });
  const { data } = await merge(stage.head);
  expect(await stage.git("ls-remote", stage.remote(stage.owner), "refs/heads/main")).toContain(data.sha);
  await expect(merge()).rejects.toMatchObject({ status: 405 });
  expect(await stage.events()).toEqual(["pull_request closed", "push"]);
});

test("a merge request respects the rules of the base", async () => {
  const stage = await withPull();
  const parameters = { required_approving_review_count: 1 };
  stage.forge.setRules({ owner: "octo", name: "demo" }, [{ branch: "main", type: "pull_request", parameters }]);
  const merge = () => stage.api.pulls.merge({ ...REPO, pull_number: stage.number });
  await expect(merge()).rejects.toMatchObject({ status: 405 });
  const grace = stage.octokit(stage.forge.createUser("grace"));
  await grace.pulls.createReview({ ...REPO, pull_number: stage.number, event: "APPROVE" });
  await expect(merge(), "a stranger's approval counts for nothing").rejects.toMatchObject({ status: 405 });
  stage.forge.setPermission({ owner: "octo", name: "demo" }, { login: "grace", role: "write" });
  expect((await merge()).data.merged).toBe(true);
});
