import { expect, test } from "vitest";
import { describeQueuePlace } from "../../../src/core/messages/queue-place.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const base = config();
const lanes = { api: ["api/**"], web: ["web/**"] };

const openStoryWith = async (refinery: Partial<typeof base.refinery>) => {
  const it = openStory({ config: config({ refinery: { ...base.refinery, parallel: 4, retries: 0, ...refinery } }) });
  await it.propose(
    plan(
      step("limit", { paths: ["api/**"] }),
      step("page", { paths: ["web/page.ts"] }),
      step("style", { paths: ["web/style.css"] }),
      step("both", { paths: ["api/**", "web/**"] }),
    ),
  );
  await it.approve();
  for (const each of ["limit", "page", "style", "both"]) await it.worked(each);
  return it;
};

const readQueue = (it: Awaited<ReturnType<typeof openStoryWith>>) => {
  const queue = it.state.ledger.queues["main"];
  if (!queue) throw new Error("there is no queue");
  return queue;
};

test("given lanes, then the steps of each are verified on top of their own lane, and a step of two lanes beside them", async () => {
  const it = await openStoryWith({ lanes });
  const { items, candidates } = readQueue(it);
  expect(items.map(({ lane }) => lane)).toEqual(["api", "web", "web", undefined]);
  const steps = candidates.map((each) => each.items.map(({ task }) => task.slice(task.indexOf("-") + 1)));
  expect(steps.filter((each) => each.includes("limit"))).toEqual([["limit"]]);
  expect(steps.filter((each) => each.includes("page"))).toContainEqual(["page"]);
  it.replay();
});

test("given lanes, then the place of a waiting step counts only the steps of its lane", async () => {
  const it = await openStoryWith({ lanes });
  const queue = { ...readQueue(it), candidates: [] };
  expect(["limit", "page", "style", "both"].map((each) => describeQueuePlace(it.task(each), queue))).toEqual([
    "next in lane api",
    "next in lane web",
    "in the queue, 1 ahead in lane web",
    "in the queue, 3 ahead",
  ]);
});

test("given no lanes, then nothing names one", async () => {
  const it = await openStoryWith({});
  for (const item of readQueue(it).items) expect(item).not.toHaveProperty("lane");
  expect(describeQueuePlace(it.task("style"), { ...readQueue(it), candidates: [] })).toBe("in the queue, 2 ahead");
});
