import { expect, test } from "vitest";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const one = { total: 1, tiers: { light: 1, standard: 1, heavy: 1 } };

test("/enki priority lets an execution start before the others, and the answer says so", async () => {
  const it = openStory({ config: config({ workers: one }) });
  const first = await it.propose(plan(step("a"), step("b")), 1);
  await it.approve(1);
  await it.say(2, { kind: "do", text: "fix the outage" });
  const urgent = Object.keys(it.state.ledger.executions).find((id) => id !== first) ?? "";
  await it.say(2, { kind: "priority", target: null, priority: "high" });
  expect(it.lastReply()).toContain(`\`${urgent}\` starts and lands before work of normal priority.`);
  await it.worked("a", first);
  expect(it.working(first)).toEqual([]);
  expect(it.isRunning(`plan/${urgent}/1`)).toBe(true);
});

test("an urgent step starts and lands before the others of its plan", async () => {
  const it = openStory({ config: config({ workers: one }) });
  const id = await it.propose(plan(step("a"), step("b"), step("c")));
  await it.approve();
  await it.say(1, { kind: "priority", target: "c", priority: "high" });
  expect(it.working(id)).toEqual(["a"]);
  await it.worked("a");
  expect(it.working(id)).toEqual(["c"]);
  await it.worked("c");
  await it.worked("b");
  expect(it.state.ledger.queues["main"]?.items.map(({ task }) => task)).toEqual([it.task("c"), it.task("a"), it.task("b")]);
});

test("what an urgent step needs starts first too", async () => {
  const it = openStory({ config: config({ workers: one }) });
  const id = await it.propose(plan(step("a"), step("b"), step("need"), step("urgent", { needs: ["need"] })));
  await it.approve();
  await it.say(1, { kind: "priority", target: "urgent", priority: "high" });
  await it.worked("a");
  expect(it.working(id)).toEqual(["need"]);
});

test("is refused if the work has ended", async () => {
  const it = openStory();
  await it.propose(plan(step("a")));
  await it.approve();
  await it.landed("a");
  await it.say(1, { kind: "priority", target: "a", priority: "low" });
  expect(it.lastReply()).toContain("already-over");
});
