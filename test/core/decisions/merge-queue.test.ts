import { expect, test } from "vitest";
import type { BranchRules } from "../../../src/core/domain/github-facts.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const QUEUE: BranchRules = { isReadable: true, types: ["merge_queue"], checks: [], requiredReviews: 0, allowedMethods: null };
const PAIR = plan(step("a"), step("b", { needs: [{ step: "a", condition: "completed" }] }));

/** Works on and verifies steps on a base that only GitHub's merge queue may change. */
const begun = async (steps = plan(step("a")), over: Parameters<typeof openStory>[0] = {}, rules = QUEUE) => {
  const it = openStory(over);
  it.state.rules = rules;
  await it.propose(steps);
  await it.approve();
  for (const { id } of steps.steps) if (it.state_(id) === "running") await it.worked(id);
  const verify = async (): Promise<void> => {
    for (let run = 0; run < 20 && it.running().some((job) => job.startsWith("verify/")); run += 1) await it.verified();
  };
  await verify();
  const number = (id: string): number => it.pull(id)?.number ?? 0;
  return {
    ...it,
    verify,
    number,
    entry: (id: string) => it.state.entries.get(number(id))?.kind,
    queue: () => it.state.ledger.queues["main"],
  };
};

test("adds verified work to GitHub's merge queue and rebases dependents on the queue's commit", async () => {
  const it = await begun(PAIR);
  expect([it.entry("a"), it.entry("b"), it.states()]).toEqual(["queued", undefined, { a: "published", b: "published" }]);
  expect(it.comment()).toContain("`a` is in GitHub's merge queue now.");
  expect(it.says("a")).toContain("pull requests are added to GitHub's merge queue");
  const jobs = it.state.runs.length;
  it.push("refs/heads/main", "another pull request of the queue");
  await it.tell({ kind: "woken" });
  expect(it.state.runs.length, "nothing that is queued is verified again, wherever the base goes").toBe(jobs);
  it.mergeQueued();
  await it.tell({ kind: "woken", activity: "pulls" });
  expect(it.at("a")).toMatchObject({ state: "done", landed: { commit: it.state.merges[0], rewritten: true } });
  expect(it.queue()?.frozen, "the queue verified other files, and nobody minds").toBeNull();
  await it.verify();
  await it.tell({ kind: "woken" });
  expect(it.entry("b")).toBe("queued");
  it.mergeQueued();
  await it.tell({ kind: "woken" });
  expect(it.states()).toEqual({ a: "done", b: "done" });
  expect(it.comment()).not.toContain("is in GitHub's merge queue now");
  it.replay();
});

test("removed by the queue: retried as often as a red run is tolerated, then failed with GitHub's reason", async () => {
  const it = await begun();
  const remove = async (reason: string): Promise<void> => {
    it.state.entries.set(it.number("a"), { kind: "out", reason });
    for (let look = 0; look < 3; look += 1) await it.tell({ kind: "woken" });
  };
  await remove("CI_FAILURE");
  expect([it.entry("a"), it.state_("a")]).toEqual(["queued", "published"]);
  await remove("CI_FAILURE");
  expect(it.at("a")).toMatchObject({ state: "failed", refusal: { code: "queue-rejected", next: `/enki retry ${it.task("a")}` } });
  expect(it.at("a")?.refusal?.message).toMatch(/removed #\d+ 2 times: a required check failed on its merge group/);
  it.replay();
});

test("does not add a pull request again after a person removed it", async () => {
  const it = await begun();
  it.state.entries.set(it.number("a"), { kind: "out", reason: "MANUAL" });
  for (let look = 0; look < 3; look += 1) await it.tell({ kind: "woken" });
  expect(it.at("a")).toMatchObject({ state: "failed", refusal: { code: "dequeued" } });
});

test("does not treat a missing entry as removed before the merge can be visible", async () => {
  const it = await begun();
  it.state.entries.set(it.number("a"), { kind: "out", reason: null });
  it.state.now -= 29_000;
  await it.tell({ kind: "woken" });
  expect(it.state_("a")).toBe("published");
  it.state.entries.set(it.number("a"), { kind: "queued", position: 1, group: null });
  it.mergeQueued();
  await it.tell({ kind: "woken" });
  expect(it.state_("a")).toBe("done");
});

test.each(["pause", "cancel"] as const)("%s removes the pull request from the queue", async (kind) => {
  const it = await begun();
  await it.say(1, { kind, target: null });
  await it.tell({ kind: "woken" });
  expect(it.state.entries.get(it.number("a"))).toEqual({ kind: "out", reason: "MANUAL" });
  for (let look = 0; look < 3; look += 1) await it.tell({ kind: "woken" });
  expect(it.queue()?.landing).toBeUndefined();
  expect(it.state_("a")).toBe(kind === "pause" ? "published" : "cancelled");
});

test("a hold label removes the pull request from the queue until the label is gone", async () => {
  const it = await begun();
  const label = async (...labels: string[]): Promise<void> => {
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, labels }));
    for (let look = 0; look < 3; look += 1) await it.tell({ kind: "woken", activity: "pulls" });
  };
  await label("hold");
  expect([it.entry("a"), it.at("a")?.refusal?.code]).toEqual(["out", "hold"]);
  await label();
  await it.verify();
  expect(it.entry("a")).toBe("queued");
});

test("a request for changes removes a queued pull request and starts an attempt, although the base moved", async () => {
  const it = await begun();
  it.push("refs/heads/main", "another pull request of the queue");
  await it.tell({ kind: "woken" });
  const head = it.at("a")?.head?.sha ?? "";
  it.state.reviews.set(it.number("a"), [
    { id: 1, by: "maintainer", bot: false, verdict: "changes-requested", head, at: it.state.now + 30_000, text: "No." },
  ]);
  it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, hasActivity: true }));
  for (let look = 0; look < 3; look += 1) await it.tell({ kind: "woken", activity: "reviews" });
  expect(it.entry("a")).toBe("out");
  expect(it.at("a")).toMatchObject({ state: "running", attempt: 2 });
});

test("a pull request merged during its cancellation counts as landed", async () => {
  const it = await begun();
  it.mergeQueued();
  await it.say(1, { kind: "cancel", target: null });
  await it.tell({ kind: "woken" });
  expect(it.at("a")?.landed?.commit).toBe(it.state.merges[0]);
});

test("reports why the queue rejects a pull request, and waits for running checks", async () => {
  const refusals = ['Pull request Required status check "build" is expected.', "Pull request is locked"];
  const it = await begun(plan(step("a")), { refuse: (effect) => (effect.kind === "enqueue-pull" ? (refusals[0] ?? null) : null) });
  expect([it.queue()?.frozen, it.state_("a")]).toEqual([null, "published"]);
  refusals.shift();
  it.state.now += 60_000;
  await it.tell({ kind: "woken" });
  await it.tell({ kind: "woken" });
  expect(it.queue()?.frozen).toMatchObject({ code: "landing-refused", message: expect.stringContaining("Pull request is locked") });
  refusals.shift();
  it.state.now += 15 * 60_000;
  await it.tell({ kind: "woken" });
  await it.verify();
  expect(it.entry("a")).toBe("queued");
});

test("reports a required `enki/refinery` on the head and on the merge group", async () => {
  const rules = { ...QUEUE, checks: [{ name: "enki/refinery", app: null }] };
  const it = await begun(plan(step("a")), {}, rules);
  await it.tell({ kind: "woken" });
  const group = "9".repeat(40);
  it.state.entries.set(it.number("a"), { kind: "queued", position: 1, group });
  await it.tell({ kind: "woken" });
  expect(it.state.statuses).toMatchObject([
    { commit: it.at("a")?.head?.sha, state: "success" },
    { commit: group, state: "success" },
  ]);
});

test("queues a pull request once across a restart", async () => {
  const it = await begun();
  it.restart();
  await it.tell({ kind: "woken" });
  expect(it.state.entries.get(it.number("a"))).toMatchObject({ kind: "queued", position: 1 });
});
