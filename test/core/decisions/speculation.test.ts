import { expect, test } from "vitest";
import { toTaskId } from "../../../src/core/domain/ids.ts";
import { toJobKey } from "../../../src/core/domain/job.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const parallel = (slots: number) => ({ config: config({ refinery: { ...config().refinery, parallel: slots } }) });

test("steps that finish together are verified on top of each other while their pull requests are opened", async () => {
  const it = openStory(parallel(2));
  const id = await it.propose(plan(step("a"), step("b")));
  await it.approve();
  for (const each of ["a", "b"]) it.finish(toJobKey({ kind: "work", target: toTaskId(id, each), attempt: 1 }), { end: "success" });
  await it.tell({ kind: "woken" });
  const candidates = it.state.ledger.queues["main"]?.candidates ?? [];
  expect(candidates.map(({ items }) => items.map(({ task }) => task))).toEqual([[it.task("a")], [it.task("a"), it.task("b")]]);
  expect(it.state.runs.filter(({ name }) => name.startsWith("verify/")).map(({ state }) => state)).toEqual(["running", "running"]);
  for (let verify = 0; verify < 2; verify += 1) await it.verified();
  expect(it.states()).toEqual({ a: "done", b: "done" });
  expect(it.state.runs.filter(({ name }) => name.startsWith("verify/"))).toHaveLength(2);
});
