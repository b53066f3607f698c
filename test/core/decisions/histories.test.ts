import { fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { decide } from "../../../src/core/decisions/decide.ts";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import { orderStepIds } from "../../../src/core/domain/plan-graph.ts";
import { hashValue, toTaskId } from "../../../src/core/domain/ids.ts";
import { type JobKey, readJobKey } from "../../../src/core/domain/job.ts";
import type { Plan } from "../../../src/core/domain/plan.ts";
import type { QueryFacts } from "../../../src/core/domain/query.ts";
import { toBranchRef, toTaskRef } from "../../../src/core/domain/refs.ts";
import { comment, plan, step } from "../../support/build.ts";
import { Crash, memoryWorld } from "../../support/memory-world.ts";

type World = ReturnType<typeof memoryWorld>;

/** A possible event of a history. fast-check draws numbers, so a history shrinks well. */
type Happening = { readonly what: number; readonly which: number };

const graphs: fc.Arbitrary<Plan> = fc
  .array(fc.record({ needs: fc.array(fc.nat(6), { maxLength: 3 }), condition: fc.nat(4), artifact: fc.boolean(), checkpoint: fc.nat(5) }), {
    minLength: 1,
    maxLength: 7,
  })
  .map((rows) =>
    plan(
      ...rows.map(({ needs, condition, artifact, checkpoint }, at) =>
        step(`s${at}`, {
          needs: [...new Set(needs.filter((need) => need < at))].map((need) => ({
            step: `s${need}`,
            condition: (["merged", "merged", "merged", "completed", "started"] as const)[condition] ?? "merged",
          })),
          output: artifact ? "artifact" : "branch",
          checkpoint: checkpoint === 0,
        }),
      ),
    ),
  );

const pick = <T>(from: readonly T[], which: number): T | undefined => from[which % Math.max(1, from.length)];

/** Ends a running job as drawn. The planner proposes the plan. */
const endJob = (world: World, { plan, which, bad }: { plan: Plan; which: number; bad: boolean }): void => {
  const job = pick(world.running(), which);
  const key = job && readJobKey(job);
  if (!job || !key) return;
  if (key.kind === "plan") return world.finish(job, { end: bad ? "crashed" : "success", tools: [{ kind: "propose", plan }] });
  if (key.kind === "verify") return world.finish(job, { end: bad ? "failed" : "success" });
  const planned = plan.steps.find(({ id }) => key.target.endsWith(`-${id}`));
  if (key.kind === "resolve" && !bad) return world.finish(job, { end: "success", files: [{ path: "a.txt", mode: "100644" }] });
  if (bad) return world.finish(job, { end: which % 2 ? "failed" : "timed-out" });
  world.finish(job, planned?.output === "artifact" ? { end: "artifact", artifact: "report" } : { end: "success" });
};

/** A head conflicts with one in `oneOf` of the bases and other heads, unless it contains them. */
const openConflicting = (oneOf: number, over: Parameters<typeof memoryWorld>[0] = {}): World => {
  const heads = (): string[] =>
    Object.entries(world.state.refs).flatMap(([ref, sha]) => (ref.startsWith(toBranchRef("task/")) ? [sha] : []));
  const world: World = memoryWorld({
    ...over,
    conflicts: (head, _, onto) =>
      [...world.state.bases, ...heads()].some(
        (other) =>
          !world.contains(other, head) &&
          world.contains(other, onto) &&
          Number.parseInt(hashValue([other, head]).slice(0, 8), 16) % oneOf === 0,
      ),
  });
  return world;
};

const executionOf = (world: World) => Object.values(world.state.ledger.executions)[0];

/** Plays one act of people, jobs or the network. Returns the events that a webhook would report. */
const happen = (world: World, plan: Plan, { what, which }: Happening, count: number) => {
  const execution = executionOf(world);
  const named = (): string | null => pick([null, ...Object.keys(execution?.steps ?? {})], which) ?? null;
  switch (what % 12) {
    case 0:
    case 1:
    case 2:
      endJob(world, { plan, which, bad: false });
      return [];
    case 3:
      endJob(world, { plan, which, bad: true });
      return [];
    case 4:
      world.push(toBranchRef("main"), ["person", count]);
      world.state.bases.push(world.state.refs[toBranchRef("main")] ?? "");
      world.state.green.add(world.state.refs[toBranchRef("main")] ?? "");
      return [];
    case 5: {
      const target = pick(
        Object.values(execution?.steps ?? {}).filter((each) => each.state === "failed"),
        which,
      );
      return execution ? [comment(50 + count, { kind: "retry", target: target ? toTaskId(execution.id, target.id) : null })] : [];
    }
    case 6: {
      for (const pull of world.state.pulls) {
        const head = world.state.refs[toBranchRef(pull.headRef)] ?? pull.head;
        world.state.reviews.set(pull.number, [
          { id: count, by: "maintainer", bot: false, verdict: "approved", head, at: world.state.now, text: "" },
        ]);
      }
      return [];
    }
    case 8:
      return execution ? [comment(50 + count, { kind: "pause", target: named() })] : [];
    case 9:
      return execution ? [comment(50 + count, { kind: "resume", target: named() })] : [];
    case 10:
      return execution ? [comment(50 + count, { kind: "skip", target: named() ?? "s0" })] : [];
    case 11:
      return execution ? [comment(50 + count, { kind: "cancel", target: named() ?? "s1" })] : [];
    default:
      return execution?.plan ? [comment(500 + count, { kind: "approve-plan", plan: execution.plan })] : [];
  }
};

const settled = (world: World) => ({
  landed: Object.values(executionOf(world)?.steps ?? {})
    .filter((each) => each.landed)
    .map((each) => each.id)
    .sort(),
});

const isOver = (world: World): boolean => {
  const state = executionOf(world)?.state;
  return state === "done" || state === "failed" || state === "cancelled";
};

const checkInvariants = (world: World, plan: Plan): void => {
  const execution = executionOf(world);
  const steps = execution?.steps ?? {};
  for (const planned of plan.steps) {
    if (!steps[planned.id]?.landed) continue;
    for (const need of planned.needs)
      if ("step" in need) expect(["done", "skipped"], `${planned.id} landed before ${need.step}`).toContain(steps[need.step]?.state);
  }
  for (const base of world.state.bases) expect(world.state.green.has(base), `base ${base} was green`).toBe(true);
  for (const [a, b] of world.state.bases.slice(1).map((each, at) => [world.state.bases[at] ?? "", each] as const)) {
    expect(world.contains(a, b), "the base only grows").toBe(true);
  }
  const heads = world.state.pulls.map((pull) => pull.headRef);
  expect(new Set(heads).size, "one pull request per step").toBe(heads.length);
  const runs = world.state.runs.map((run) => run.name);
  expect(new Set(runs).size, "one run per attempt").toBe(runs.length);
  const said = world.state.comments.map(({ body }) => body.split("-->")[0]);
  expect(new Set(said).size, "one comment per marker").toBe(said.length);
  if (execution) {
    for (const each of Object.values(steps)) {
      const tip = world.state.refs[toTaskRef(toTaskId(execution.id, each.id))];
      if (!each.landed && each.head && ["cancelled", "skipped", "paused", "failed", "blocked"].includes(each.state))
        expect(world.contains(each.head.sha, world.state.refs[toBranchRef("main")] ?? ""), `${each.id}, ${each.state}, did not land`).toBe(
          false,
        );
      if (each.landed && each.head) expect(world.contains(each.head.sha, world.state.refs[toBranchRef("main")] ?? "")).toBe(true);
      else if (each.head && each.state !== "cancelled" && each.state !== "skipped")
        expect(tip, "a branch with unlanded work stays").toBeDefined();
    }
  }
};

/** Checks that every write returns the same ledger again from its parent and its inputs. */
const checkReplay = (world: World): void => {
  for (const write of world.state.writes) {
    const { facts, ...frame } = write.inputs.snapshot;
    // The facts are stored as the entries of their map.
    const again = decide(write.inputs.events, { ...frame, ledger: write.parent, facts: new Map(facts) as QueryFacts });
    expect(again.kind === "act" && again.ledger).toEqual(write.ledger);
  }
};

/** Decides again from the saved state, and returns the effects that nobody confirmed. */
const givenAgain = async (world: World): Promise<string[]> => {
  const loaded = await world.world.load();
  const facts = new Map();
  for (;;) {
    const decision = decide([], { now: world.state.now, graceMs: 0, botLogin: "enki[bot]", defaultBranch: "main", ...loaded, facts });
    if (decision.kind === "act") return decision.effects.map(({ key }) => key);
    const answers = await world.world.answerQueries(decision.queries);
    if (answers instanceof Map) for (const [key, fact] of answers) facts.set(key, fact);
  }
};

const play = async (world: World, plan: Plan, happenings: readonly Happening[]): Promise<void> => {
  const first = comment(1, { kind: "do", text: "make it so" });
  let handle = openRepositoryLoop(world.world);
  let waiting = [first];
  for (const [count, happening] of [
    ...happenings,
    ...Array.from({ length: 120 }, (_, at) => ({ what: [7, 0, 6, 0, 9, 0][at % 6] ?? 0, which: at % 6 === 4 ? 0 : at })),
  ].entries()) {
    waiting = [...waiting, ...happen(world, plan, happening, count)];
    try {
      await handle([...waiting, ...waiting]);
      waiting = [];
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      handle = openRepositoryLoop(world.world);
    }
    world.state.now += 40_000;
    checkInvariants(world, plan);
    if (count >= happenings.length && isOver(world)) return;
  }
};

const happenings = fc.array(fc.record({ what: fc.nat(11), which: fc.nat(9) }), { maxLength: 30 });

describe("random histories", () => {
  test("land in order, once, on green commits only; every write can be replayed; nothing is left to do at the end", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, happenings, async (plan, story) => {
        expect(orderStepIds(plan.steps)).not.toBeNull();
        const world = memoryWorld();
        await play(world, plan, story);
        // The test approves no reports, so their steps wait. All other work ends.
        const waits = Object.values(executionOf(world)?.steps ?? {}).some((each) => each.state === "waiting" && each.head === null);
        expect(isOver(world) || waits, "nothing waits for ever").toBe(true);
        checkReplay(world);
      }),
      { numRuns: runs(100, 20) },
    );
  });

  test("with conflicts also end: each conflict is resolved or waits for a person's retry", async () => {
    let resolved = 0;
    await fc.assert(
      fc.asyncProperty(graphs, happenings, async (plan, story) => {
        const world = openConflicting(3);
        await play(world, plan, story);
        resolved += world.state.runs.filter(({ name }) => name.startsWith("resolve/")).length;
        const steps = Object.values(executionOf(world)?.steps ?? {});
        const waits = steps.some((each) => each.state === "waiting" && each.head === null);
        expect(isOver(world) || waits, "nothing waits for ever").toBe(true);
        expect(
          steps.filter((each) => each.resolution?.deadline),
          "nothing is resolved for nobody",
        ).toEqual([]);
        checkReplay(world);
      }),
      { numRuns: runs(100, 20) },
    );
    expect(resolved).toBeGreaterThan(0);
  });

  test.each([
    ["leaves no trace in what is landed, opened, said or run", memoryWorld],
    ["where everything conflicts leaves none either", (over?: Parameters<typeof memoryWorld>[0]) => openConflicting(1, over)],
  ])("a process that dies at any save or effect %s", async (_, openWorld) => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }), async (plan, deaths) => {
        const calm = openWorld();
        await play(calm, plan, []);
        let until = deaths[0] ?? 0;
        let death = 0;
        const crashing = openWorld({
          crash: () => {
            until -= 1;
            if (until >= 0 || death >= deaths.length) return;
            death += 1;
            until = deaths[death] ?? 0;
            throw new Crash();
          },
        });
        await play(crashing, plan, []);
        expect(settled(crashing)).toEqual(settled(calm));
        expect(executionOf(crashing)?.state).toBe(executionOf(calm)?.state);
      }),
      { numRuns: runs(60, 20) },
    );
  });

  test("effects without a recorded outcome are performed again, recorded ones are not", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, happenings, async (plan, story) => {
        const asked: string[] = [];
        const world = memoryWorld();
        const silent = {
          ...world.world,
          performEffects: (effects: readonly { key: string }[]) => (
            asked.push(...effects.map(({ key }) => key)),
            Promise.reject(new Crash())
          ),
        };
        await openRepositoryLoop(silent)([comment(1, { kind: "do", text: "make it so" })]).catch(() => undefined);
        expect((await givenAgain(world)).sort()).toEqual(asked.sort());
        await play(world, plan, story);
        await openRepositoryLoop(world.world)([]);
        await openRepositoryLoop(world.world)([comment(9_999, { kind: "help" })]);
        expect((await givenAgain(world)).filter((key) => key.startsWith("start-job") || key.startsWith("open-pull"))).toEqual([]);
      }),
      { numRuns: runs(60, 20) },
    );
  });
});

test("the example story ends with everything landed", async () => {
  const story = plan(
    step("research", { output: "artifact" }),
    step("fix", { needs: ["research"], checkpoint: true }),
    step("test", { needs: ["fix"] }),
    step("docs", { needs: ["fix"] }),
  );
  const world = memoryWorld();
  await play(world, story, []);
  expect(executionOf(world)?.state).toBe("done");
  expect(settled(world).landed).toEqual(["docs", "fix", "test"]);
  expect(world.state.closed.has(1)).toBe(true);
  expect(world.running() satisfies JobKey[]).toEqual([]);
});
