import { expect, test } from "vitest";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const begin = async (...ids: string[]) => {
  const refinery = { ...config().refinery, parallel: ids.length, retries: 0 };
  const it = openStory({ config: config({ refinery }) });
  await it.propose(plan(...ids.map((id) => step(id, { title: `Add ${id}` }))));
  await it.approve();
  for (const id of ids) await it.worked(id);
  /** Ends the run of the candidate with `size` steps. */
  const ends = async (size: number, end: "success" | "failed"): Promise<void> => {
    const found = it.state.ledger.queues["main"]?.candidates.find(({ items }) => items.length === size);
    const job = it.running().find((each) => each === `verify/${found?.commit}/1`);
    expect(job, `a run of ${size}`).toBeDefined();
    it.finish(job ?? "verify/x/1", { end, output: "$ npm test\n| 1 failed" });
    await it.tell({ kind: "woken" });
  };
  return { ...it, ends };
};

test("a step that is red on top of another names it in the comment, in its status and for the next attempt", async () => {
  const it = await begin("index", "search");
  await it.ends(2, "failed");
  expect(it.state_("search")).toBe("published");
  await it.ends(1, "success");
  expect(it.states()).toEqual({ index: "done", search: "failed" });
  expect(it.at("search")?.refusal?.message).toBe(
    'Failed together with "Add index": `npm test` failed, so its candidate did not pass verification.',
  );
  expect(it.at("search")?.lastFailure).toBe('Failed together with "Add index".\n$ npm test\n| 1 failed');
  expect(it.comment()).toMatch(/`search` failed\.\*\* Failed together with "Add index": `npm test` failed/);
  const status = it.state.statuses.find(({ commit }) => commit === it.head("search"));
  expect(status).toMatchObject({ state: "failure", text: expect.stringMatching(/^Failed together with "Add index": `npm test` failed/) });
  it.replay();
});

test("a step that is red alone names no other step", async () => {
  const it = await begin("index");
  await it.rejected("$ npm test");
  expect(it.at("index")?.refusal?.message).toBe("`npm test` failed, so its candidate did not pass verification.");
  expect(it.at("index")?.lastFailure).toBe("$ npm test");
});

test("names the first of many steps, and titles stay inert", async () => {
  const it = await begin("a", "b", "c", "d", "e", "f", "g");
  await it.ends(7, "failed");
  for (let size = 6; size > 0; size -= 1) {
    if (!it.state.ledger.queues["main"]?.candidates.some(({ items }) => items.length === size)) continue;
    await it.ends(size, "success");
    break;
  }
  expect(it.at("g")?.refusal?.message).toMatch(/^Failed together with "Add a", "Add b", "Add c", "Add d", "Add e" and 1 more: /);
});
