import { expect, test } from "vitest";
import { formatQueueLines, isQueueShared, listQueues } from "../../../src/core/messages/queue-overview.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

/** Opens two requests, each with one head in the queue of `main`. */
const openQueue = async () => {
  const it = openStory();
  const first = await it.propose(plan(step("fix")), 1);
  await it.approve(1);
  await it.worked("fix", first);
  const second = await it.propose(plan(step("docs")), 2);
  await it.approve(2);
  await it.worked("docs", second);
  return { ...it, first, second };
};

test("a queue lists the work of all executions in order, and the candidates with what they contain", async () => {
  const it = await openQueue();
  const [queue, ...others] = listQueues(it.state.ledger, it.state.now);
  expect(others).toEqual([]);
  expect(queue?.items.map(({ position, task, title, place }) => [position, task, title, place])).toEqual([
    [1, `${it.first}-fix`, "Do fix", "being verified"],
    [2, `${it.second}-docs`, "Do docs", "in the queue, 1 ahead"],
  ]);
  expect(queue?.candidates.map(({ tasks, state }) => [tasks, state])).toContainEqual([[`${it.first}-fix`], "being verified"]);
  expect(queue && isQueueShared(queue)).toBe(true);
});

test("work that a person holds says why and expects no landing, and the work behind it keeps its own", async () => {
  const it = await openQueue();
  const { ledger, now } = it.state;
  const { items = [], ...rest } = ledger.queues["main"] ?? {};
  const held = items.map((item, at) =>
    at === 0 ? { ...item, state: "held" as const, refusal: { code: "held", message: "The label `hold` holds it.", next: "" } } : item,
  );
  const executions = Object.fromEntries(
    Object.entries(ledger.executions).map(([id, each]) => [
      id,
      { ...each, estimate: { plan: each.plan ?? "", steps: {}, landing: 600_000 } },
    ]),
  );
  const [queue] = listQueues({ ...ledger, executions, queues: { main: { ...rest, items: held } as never } }, now);
  expect(queue?.items.map(({ place, reason, expectedAt }) => [place, reason, expectedAt])).toEqual([
    ["held", "The label `hold` holds it.", null],
    ["in the queue, 1 ahead", "", (it.at("docs", it.second)?.head?.since ?? 0) + 600_000],
  ]);
  expect(queue && formatQueueLines(queue, now)[0]).toBe("The queue of main: 2 wait");
});

test("a frozen queue says why nothing lands, and an empty one is left out", async () => {
  const it = await openQueue();
  const { ledger, now } = it.state;
  const main = ledger.queues["main"];
  const refusal = { code: "base-rewound", message: "`main` was rewound.", next: "" };
  const frozen = { ...main, frozen: refusal, items: [], candidates: [] } as never;
  expect(listQueues({ ...ledger, queues: { main: frozen } }, now).map((queue) => formatQueueLines(queue, now))).toEqual([
    ["The queue of main: nothing waits", "  Nothing lands for now: `main` was rewound."],
  ]);
  await it.verified();
  while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
  expect(listQueues(it.state.ledger, it.state.now)).toEqual([]);
});

test("a verified candidate with a held step does not promise to land next", async () => {
  const it = openStory();
  await it.propose(plan(step("fix", { checkpoint: true })));
  await it.approve();
  await it.worked("fix");
  await it.verified();
  const [queue] = listQueues(it.state.ledger, it.state.now);
  expect(queue?.items.map(({ place }) => place)).toEqual(["held"]);
  expect(queue?.candidates.map(({ state }) => state)).toEqual(["verified; held"]);
});
