import { expect, test } from "vitest";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import { toBranchRef } from "../../../src/core/domain/refs.ts";
import { comment, plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { memoryWorld } from "../../support/memory-world.ts";

const COUNT = 40;

/** Starts forty steps without needs, and works on them at the same time. */
const fan = async (over: Parameters<typeof memoryWorld>[0], parallel: number) => {
  const defaults = config();
  const wide = { total: COUNT, tiers: { light: COUNT, standard: COUNT, heavy: COUNT } };
  const world = memoryWorld({ ...over, config: config({ workers: wide, refinery: { ...defaults.refinery, parallel } }) });
  const handle = openRepositoryLoop(world.world);
  const only = () => Object.values(world.state.ledger.executions)[0];
  await handle([comment(1, { kind: "do", text: "x" })]);
  const proposed = plan(...Array.from({ length: COUNT }, (_, at) => step(`s${at}`)));
  for (const job of world.running()) world.finish(job, { end: "success", tools: [{ kind: "propose", plan: proposed }] });
  await handle([{ kind: "woken" }]);
  await handle([comment(2, { kind: "approve-plan", plan: only()?.plan ?? "" })]);
  for (const job of world.running()) world.finish(job, { end: "success" });
  world.state.now += 30_000;
  await handle([{ kind: "woken" }]);
  return { ...world, handle, steps: () => Object.values(only()?.steps ?? {}) };
};

test("builds as many candidates as may be verified in parallel", async () => {
  const it = await fan({}, COUNT);
  expect(it.running().filter((job) => job.startsWith("verify/"))).toHaveLength(COUNT);
});

test("resolves conflicts in different files at the same time, as many as may run", async () => {
  let pushed = false;
  const it = await fan({ conflicts: () => pushed, conflicting: (head) => [{ path: `${head}.txt`, kind: "contents" }] }, 1);
  pushed = true;
  it.push(toBranchRef("main"), "a person's commit");
  it.state.now += 30_000;
  await it.handle([{ kind: "woken" }]);
  expect(it.steps().every(({ resolution }) => resolution?.onto === it.state.refs[toBranchRef("main")])).toBe(true);
  expect(it.running().filter((job) => job.startsWith("resolve/"))).toHaveLength(COUNT);
});

test("resolves conflicts in one file one at a time", async () => {
  let pushed = false;
  const it = await fan({ conflicts: () => pushed }, 1);
  pushed = true;
  it.push(toBranchRef("main"), "a person's commit");
  it.state.now += 30_000;
  await it.handle([{ kind: "woken" }]);
  expect(it.running().filter((job) => job.startsWith("resolve/"))).toHaveLength(1);
});
