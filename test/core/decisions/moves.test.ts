import { expect, test } from "vitest";
import { toBranchRef } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

/** Works on steps without needs. Their verification is running. */
const begun = async (...ids: string[]) => {
  const it = openStory();
  await it.propose(plan(...ids.map((id) => step(id))));
  await it.approve();
  for (const id of ids) await it.worked(id);
  return it;
};

test("25 a person pushes to the base repeatedly: no step is blamed, and work lands after the pushes stop", async () => {
  const it = await begun("a", "b");
  for (let push = 0; push < 5; push += 1) {
    it.push(toBranchRef("main"), `by a person ${push}`);
    await it.tell({ kind: "woken" });
    expect(it.states()).toEqual({ a: "published", b: "published" });
  }
  const base = it.base();
  while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
  expect(it.states()).toEqual({ a: "done", b: "done" });
  expect(it.contains(base, it.base())).toBe(true);
});

test("32 the base is renamed: its queue stops, and the old name is not recreated", async () => {
  const it = await begun("a");
  const main = toBranchRef("main");
  it.state.refs[toBranchRef("trunk")] = it.base();
  delete it.state.refs[main];
  await it.verified();
  await it.tell({ kind: "woken" });
  expect(it.comment()).toMatch(/Nothing lands for now.*is gone/);
  expect(it.state.refs[main]).toBeUndefined();
  expect(it.state_("a")).toBe("published");
});

test("41 a green verdict lands nothing of a step that was abandoned before it", async () => {
  const it = await begun("a", "b");
  // The loop ends when one run contains both steps.
  const both = (): boolean => (it.state.ledger.queues["main"]?.candidates ?? []).some(({ items }) => items.length === 2);
  for (let run = 0; run < 3 && !both() && it.state_("a") !== "done"; run += 1) {
    it.push(toBranchRef("main"), `by a person ${run}`);
    await it.tell({ kind: "woken" });
  }
  const running = it.running().filter((job) => job.startsWith("verify/"));
  await it.say(1, { kind: "cancel", target: it.task("a") });
  for (const job of running) it.finish(job, { end: "success" });
  await it.tell({ kind: "woken" });
  while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
  expect(it.states()).toEqual({ a: "cancelled", b: "done" });
  expect(it.contains(it.head("a") ?? "none", it.base())).toBe(false);
});
