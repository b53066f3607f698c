import { describe, expect, test } from "vitest";
import { openRepositoryLoop, type SaveResult } from "../../../src/coordinator/repository-loop.ts";
import type { RefMove } from "../../../src/core/domain/decision.ts";
import type { Effect } from "../../../src/core/domain/effect.ts";
import { toBranchRef, toCandidateRef, readCandidateRef, readTaskRef } from "../../../src/core/domain/refs.ts";
import { comment, plan, step } from "../../support/build.ts";
import { memoryWorld } from "../../support/memory-world.ts";

/** Works on two steps of an approved plan in parallel. */
const working = async (refusePush: (move: RefMove) => string | null, refuse: (effect: Effect) => string | null = () => null) => {
  const world = memoryWorld({ refusePush, refuse });
  const handle = openRepositoryLoop(world.world);
  const execution = () => Object.values(world.state.ledger.executions)[0];
  const end = async (start: string): Promise<void> => {
    for (const job of world.running().filter((each) => each.startsWith(start))) world.finish(job, { end: "success" });
    world.state.now += 30_000;
    await handle([{ kind: "woken" }]);
  };
  await handle([comment(1, { kind: "do", text: "x" })]);
  for (const job of world.running())
    world.finish(job, { end: "success", tools: [{ kind: "propose", plan: plan(step("bad"), step("good")) }] });
  await handle([{ kind: "woken" }]);
  await handle([comment(2, { kind: "approve-plan", plan: execution()?.plan ?? "" })]);
  await end("work/");
  return { ...world, handle, end, execution, at: (id: string) => execution()?.steps[id] };
};

describe("a push that GitHub's rules reject", () => {
  test("of a step's branch fails that step with GitHub's message and delays no other", async () => {
    const it = await working(({ ref }) => (readTaskRef(ref)?.endsWith("-bad") ? "GH013: a secret was found" : null));
    expect(it.at("bad")).toMatchObject({ state: "failed", refusal: { code: "push-refused" } });
    expect(it.at("bad")?.refusal?.message).toContain("GH013: a secret was found");
    await it.end("verify/");
    expect(it.at("good")?.state).toBe("done");
    expect(it.state.pushes).toBeLessThan(20);
  });

  test("of a candidate freezes the queue with GitHub's message until a person releases it", async () => {
    let rule = true;
    const it = await working(({ ref }) => (rule && readCandidateRef(ref) ? "no such ref, please" : null));
    expect(it.state.ledger.queues["main"]?.frozen).toMatchObject({ code: "not-allowed" });
    expect(it.state.pushes).toBeLessThan(20);
    rule = false;
    await it.handle([comment(3, { kind: "retry", target: null })]);
    await it.end("verify/");
    await it.end("verify/");
    expect(it.execution()?.state).toBe("done");
  });

  test("of a candidate is announced again if the queue freezes again on the same tip after a person's retry", async () => {
    const it = await working(({ ref }) => (readCandidateRef(ref) ? "no such ref, please" : null));
    const announced = (): number => it.state.comments.filter(({ body }) => body.includes("nothing lands on `main` for now")).length;
    expect(announced()).toBe(1);
    await it.handle([{ kind: "woken" }]);
    expect(announced()).toBe(1);
    await it.handle([comment(3, { kind: "retry", target: null })]);
    await it.handle([{ kind: "woken" }]);
    expect(it.state.ledger.queues["main"]?.frozen).toMatchObject({ code: "not-allowed" });
    expect(announced()).toBe(2);
  });

  test("of a landed step's branch leaves the branch where it is", async () => {
    const it = await working(({ ref, newSha }) => (readTaskRef(ref) && newSha === null ? "deletions are not allowed" : null));
    await it.end("verify/");
    await it.end("verify/");
    await it.end("none");
    await it.handle([{ kind: "woken" }]);
    expect(it.execution()?.state).toBe("done");
    expect(Object.keys(it.state.refs).filter((ref) => readTaskRef(ref))).toHaveLength(2);
    expect(it.state.pushes).toBeLessThan(20);
  });
});

test("a verify job that GitHub refuses to start freezes the queue immediately, with GitHub's message", async () => {
  let refusing = true;
  const words = ({ kind, key }: { kind: string; key: string }): string | null =>
    refusing && kind === "start-job" && key.includes("verify/") ? "Actions is disabled" : null;
  const it = await working(() => null, words);
  expect(it.state.ledger.queues["main"]?.frozen).toMatchObject({
    code: "actions-disabled",
    message: expect.stringContaining("Actions is disabled"),
  });
  refusing = false;
  await it.handle([comment(3, { kind: "retry", target: null })]);
  await it.end("verify/");
  await it.end("verify/");
  expect(it.execution()?.state).toBe("done");
});

test("a candidate's ref with another commit is corrected before its verify job reads it", async () => {
  const it = await working(() => null);
  const [candidate] = it.state.ledger.queues["main"]?.candidates ?? [];
  const ref = toCandidateRef("main", candidate?.commit ?? "");
  it.state.refs[ref] = it.root;
  await it.handle([{ kind: "woken" }]);
  expect(it.state.refs[ref]).toBe(candidate?.commit);
});

test("stops after a few attempts if the ledger cannot be written", async () => {
  const world = memoryWorld();
  let pushes = 0;
  const lost = (): Promise<SaveResult> => ((pushes += 1), Promise.resolve({ kind: "ledger-moved" }));
  const handle = openRepositoryLoop({ ...world.world, save: lost });
  await expect(handle([comment(1, { kind: "do", text: "x" })])).rejects.toThrow("could not be saved");
  expect(pushes).toBeLessThan(30);
  expect(world.state.refs[toBranchRef("main")]).toBe(world.root);
});

test("does not restart a crashed verify job while nothing may land", async () => {
  const world = memoryWorld();
  const handle = openRepositoryLoop(world.world);
  const only = () => Object.values(world.state.ledger.executions)[0];
  await handle([comment(1, { kind: "do", text: "x" })]);
  for (const job of world.running()) world.finish(job, { end: "success", tools: [{ kind: "propose", plan: plan(step("fix")) }] });
  await handle([{ kind: "woken" }]);
  await handle([comment(2, { kind: "approve-plan", plan: only()?.plan ?? "" })]);
  for (const job of world.running()) world.finish(job, { end: "success" });
  await handle([{ kind: "woken" }]);
  const { queues } = world.state.ledger;
  const [queue] = Object.values(queues);
  if (!queue) throw new Error("no queue");
  world.state.ledger = {
    ...world.state.ledger,
    queues: { main: { ...queue, frozen: { code: "not-allowed", message: "it was", next: "" } } },
  };
  for (let count = 0; count < 10; count += 1) {
    for (const job of world.running()) world.finish(job, { end: "crashed" });
    world.state.now += 3_600_000;
    await handle([{ kind: "woken" }]);
  }
  expect(world.state.runs.filter(({ name }) => name.startsWith("verify/"))).toHaveLength(1);
  await handle([comment(3, { kind: "retry", target: null })]);
  expect(world.running()).toHaveLength(1);
});
