import { expect, test } from "vitest";
import { decide } from "../../../src/core/decisions/decide.ts";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import type { StepNeed } from "../../../src/core/domain/plan.ts";
import type { QueryFacts } from "../../../src/core/domain/query.ts";
import { comment, plan, step } from "../../support/build.ts";
import { memoryWorld } from "../../support/memory-world.ts";

const DAY = 24 * 60 * 60_000;

const open = () => {
  const world = memoryWorld();
  const handle = openRepositoryLoop(world.world);
  const all = () => Object.values(world.state.ledger.executions);
  let count = 0;
  const tell = (...events: Parameters<typeof handle>[0]) => ((world.state.now += 30_000), handle(events));
  const end = async (start: string, fate: Parameters<typeof world.finish>[1]) => {
    for (const job of world.running().filter((each) => each.startsWith(start))) world.finish(job, fate);
    await tell({ kind: "woken" });
  };
  /** Starts another request on its own issue, and approves its plan. */
  const start = async (...steps: Parameters<typeof plan>): Promise<string> => {
    const issue = (count += 1);
    const about = (id: number, command: Parameters<typeof comment>[1]) =>
      ({ ...comment(id, command), issue, at: world.state.now }) as never;
    await tell(about(10 * issue, { kind: "do", text: "x" }));
    await end("plan/", { end: "success", tools: [{ kind: "propose", plan: plan(...steps) }] });
    const id = all().find((each) => each.issue === issue)?.id ?? "";
    await tell(about(10 * issue + 1, { kind: "approve-plan", plan: world.state.ledger.executions[id]?.plan ?? "" }));
    return id;
  };
  const land = async (): Promise<void> => {
    await end("work/", { end: "success" });
    await end("verify/", { end: "success" });
    for (let marks = 0; marks < 3; marks += 1) await tell({ kind: "woken" });
  };
  /** Causes a write of the ledger, which also saves the new outcomes. */
  const write = () => tell({ ...comment(9_000 + (count += 1), { kind: "help" }), at: world.state.now } as never);
  return { ...world, tell, start, land, end, write };
};

test("finished executions move to the archive with their files after a week; open ones stay", async () => {
  const it = open();
  const over = await it.start(step("fix"));
  await it.land();
  expect(it.state.ledger.executions[over]?.state).toBe("done");
  it.state.now += 6 * DAY;
  const live = await it.start(step("other", { output: "artifact", checkpoint: true }));
  await it.end("work/", { end: "artifact", artifact: "report" });
  expect(Object.keys(it.state.ledger.executions)).toEqual([over, live]);
  it.state.now += 3 * DAY;
  await it.write();
  const { executions, plans, effectRecords } = it.state.ledger;
  expect(Object.keys(executions)).toEqual([live]);
  expect(Object.keys(plans)).toEqual([executions[live]?.plan]);
  expect(Object.keys(effectRecords).filter((key) => key.includes(over))).toEqual([]);
  expect(Object.keys(effectRecords).sort()).toEqual(
    expect.arrayContaining([`write-comment:execution/${live}`, `start-job:plan/${live}/1`, `start-job:work/${live}-other/1`]),
  );
  const result = executions[live]?.steps["other"]?.result ?? "";
  await it.tell({ ...comment(99, { kind: "approve-step", task: `${live}-other`, head: result }), at: it.state.now } as never);
  const { comments, runs } = it.state;
  expect(it.state.ledger.executions[live]?.state).toBe("done");
  expect(comments.filter(({ body }) => body.includes(`enki:execution:${live}`))).toHaveLength(1);
  expect(runs.filter(({ name }) => name === `work/${live}-other/1`)).toHaveLength(1);
});

test("a failed execution stays in the ledger as long as a person may answer", async () => {
  const it = open();
  const id = await it.start(step("fix"));
  await it.end("work/", { end: "failed" });
  it.state.now += 29 * DAY;
  await it.write();
  expect(it.state.ledger.executions[id]?.state).toBe("failed");
  it.state.now += 2 * DAY;
  await it.write();
  expect(it.state.ledger.executions).toEqual({});
});

test("an execution that another plan needs stays in the ledger", async () => {
  const it = open();
  const first = await it.start(step("fix"));
  await it.land();
  const need: StepNeed = { task: `${first}-fix`, condition: "merged" };
  await it.start(step("wait", { needs: [need], checkpoint: true, output: "artifact" }));
  await it.end("work/", { end: "artifact", artifact: "report" });
  it.state.now += 20 * DAY;
  await it.write();
  expect(Object.keys(it.state.ledger.executions)).toContain(first);
});

test("after a year of requests the ledger holds the last weeks only, and every write can be replayed", async () => {
  const it = open();
  for (let week = 0; week < 52; week += 1) {
    await it.start(step("a"), step("b", { output: "artifact" }));
    await it.end("work/", week % 5 === 0 ? { end: "failed" } : { end: "unchanged" });
    it.state.now += 7 * DAY;
    await it.tell({ kind: "swept", sweptUntil: it.state.now });
  }
  await it.write();
  const { executions, plans, effectRecords, handledEvents } = it.state.ledger;
  expect(Object.keys(executions).length).toBeLessThan(8);
  expect(Object.keys(plans).length).toBeLessThan(8);
  expect(Object.keys(effectRecords).length).toBeLessThan(40);
  expect(Object.keys(handledEvents).length).toBeLessThan(40);
  for (const { inputs, parent, ledger } of it.state.writes) {
    const { events, snapshot } = inputs;
    // Stored facts have their own queries as keys.
    const again = decide(events, { ...snapshot, ledger: parent, facts: new Map(snapshot.facts) as QueryFacts });
    expect(again.kind === "act" && again.ledger).toEqual(ledger);
  }
});
