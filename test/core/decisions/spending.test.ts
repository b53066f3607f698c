import { describe, expect, test } from "vitest";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import type { Event } from "../../../src/core/domain/event.ts";
import { fc, runs } from "../../support/fast-check.ts";
import { memoryWorld } from "../../support/memory-world.ts";
import { NO_USAGE } from "../../../src/core/domain/agent-usage.ts";
import { type BudgetConfig, NO_BUDGET } from "../../../src/core/domain/budget.ts";
import { sumCharges, sumDayCharges } from "../../../src/core/domain/execution-charges.ts";
import { openStory } from "../../conformance/story.ts";
import { comment, plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";

const USD = 1_000_000;
const cost = (costUsd: number) => ({ usage: { ...NO_USAGE, costUsd } });
const open = (budget: Partial<BudgetConfig> = {}) => openStory({ config: config({ budget: { ...NO_BUDGET, ...budget } }) });

/** Requests work with a budget, and starts a plan whose steps have no needs. */
const start = async (it: ReturnType<typeof open>, { budget, names }: { budget?: number; names: readonly string[] }) => {
  await it.say({ kind: "do", text: "do it", ...(budget !== undefined && { budget: budget * USD }) });
  const proposed = plan(...names.map((id) => step(id)));
  await it.end("plan/", { end: "success", tools: [{ kind: "propose", plan: proposed }], ...cost(0.5) });
  await it.say({ kind: "approve-plan", plan: it.execution().plan ?? "" });
};
const works = (it: ReturnType<typeof open>): string[] => it.running().filter((job) => job.startsWith("work/"));

describe("a budget for a request", () => {
  test("each start reserves, each end settles, and what does not fit waits and names the command", async () => {
    const it = open();
    await start(it, { budget: 2, names: ["a", "b", "c"] });
    // The planner cost $0.50 of $2, so only one attempt of $1 fits.
    expect(works(it)).toEqual([expect.stringMatching(/-a\/1$/)]);
    expect(sumCharges(it.execution())).toBe(1.5 * USD);
    expect(it.comment()).toContain("Budget: $1.50 of $2.00 spent or reserved.");
    expect(it.comment()).not.toContain("Paused by its budget");
    await it.end("work/", { end: "success", ...cost(0.25) });
    // $0.75 is spent, so the next attempt fits.
    expect(works(it)).toEqual([expect.stringMatching(/-b\/1$/)]);
    await it.end("work/", { end: "success", ...cost(0.75) });
    expect(works(it)).toEqual([]);
    expect(it.step("c")?.state).toBe("ready");
    expect(it.comment()).toContain("**Paused by its budget.** $1.50 of $2.00 is spent or reserved, and the next attempt reserves $1.00.");
    expect(it.comment()).toContain("`/enki budget +5` lets it continue; finished work still lands.");
  });

  test("finished work lands while the budget holds the rest", async () => {
    const it = open();
    await start(it, { budget: 1.75, names: ["a", "b"] });
    await it.end("work/", { end: "success", ...cost(1) });
    await it.end("verify/");
    expect(it.step("a")?.landed).not.toBeNull();
    expect(it.comment()).toContain("Paused by its budget");
  });

  test("/enki budget +5 raises it, and the work continues", async () => {
    const it = open();
    await start(it, { budget: 1, names: ["a"] });
    expect(works(it)).toEqual([]);
    await it.say({ kind: "budget", target: null, amount: 5 * USD, isAdded: true });
    expect(it.execution().budget).toEqual({ cap: 6 * USD, setBy: "maintainer" });
    expect(works(it)).toHaveLength(1);
    expect(it.comment()).toContain("Budget: $1.50 of $6.00 spent or reserved.");
    expect(it.comment()).not.toContain("Paused");
  });

  test("a planner waits too if not even one attempt fits", async () => {
    const it = open();
    await it.say({ kind: "do", text: "do it", budget: 0.5 * USD });
    expect(it.running()).toEqual([]);
    expect(it.comment()).toContain("Paused by its budget.** $0.00 of $0.50");
    await it.say({ kind: "budget", target: null, amount: 2 * USD, isAdded: false });
    expect(it.running()).toEqual([expect.stringMatching(/^plan\//)]);
  });

  test("an attempt without a report counts with all that it reserved: not reported is not zero", async () => {
    const it = open();
    await start(it, { budget: 2.5, names: ["a", "b"] });
    await it.end("work/", { end: "success" });
    expect(sumCharges(it.execution())).toBe(2.5 * USD);
    const lost = open();
    await start(lost, { budget: 1.5, names: ["a"] });
    await lost.end("work/", { end: "crashed" });
    expect(works(lost)).toEqual([]);
    expect(sumCharges(lost.execution())).toBe(1.5 * USD);
  });

  test("a budget that is set later counts what was reported, and reserves for the rest", async () => {
    const it = open();
    await start(it, { names: ["a", "b"] });
    expect(it.execution().charges).toBeUndefined();
    await it.end("work/", { end: "success", ...cost(2) });
    await it.say({ kind: "budget", target: null, amount: 4 * USD, isAdded: false });
    // The sum contains $0.50 for the planner, $2 for one step, and $1 for the other, which is still running.
    expect(sumCharges(it.execution())).toBe(3.5 * USD);
  });

  test("a quick task and a workflow have no planner to pay for", async () => {
    const quick = open();
    await quick.say({ kind: "quick", prompt: "fix the typo" });
    await quick.say({ kind: "budget", target: null, amount: 2 * USD, isAdded: false });
    expect(sumCharges(quick.execution())).toBe(1 * USD);
    const roles = "---\nroles:\n  sort: { run: sort -o a.txt a.txt }\n  look: {}\nedges: [sort -> look]\n---\n\n## look\n\nLook.\n";
    const flow = openStory({ config: config({ workflows: { two: { path: "two.md", text: roles } } }) });
    await flow.say({ kind: "run", workflow: "two", args: "" });
    await flow.say({ kind: "budget", target: null, amount: 0.5 * USD, isAdded: false });
    expect(sumCharges(flow.execution())).toBe(0);
    // A command costs nothing, so it runs. The agent after the command exceeds the budget.
    await flow.end("work/");
    expect(flow.running()).toEqual([]);
    expect(flow.comment()).toContain("Paused by its budget.** $0.00 of $0.50");
  });

  test("a budget below what is spent is refused with the amount that works", async () => {
    const it = open();
    await start(it, { budget: 10, names: ["a"] });
    await it.say({ kind: "budget", target: null, amount: 1 * USD, isAdded: false });
    expect(it.execution().budget?.cap).toBe(10 * USD);
    expect(it.replies().at(-1)).toContain("<span>$</span>1.50 is already spent or reserved, so the budget cannot be <span>$</span>1.00.");
    expect(it.replies().at(-1)).toContain("/enki budget 7");
  });
});

describe("budgets of the repository", () => {
  test("each execution has the configured budget, until a person gives it another", async () => {
    const it = open({ execution: 2 * USD });
    await start(it, { names: ["a", "b"] });
    expect(works(it)).toHaveLength(1);
    await it.say({ kind: "budget", target: null, amount: 1 * USD, isAdded: true });
    expect(works(it)).toHaveLength(2);
  });

  test("the day's budget holds all executions until midnight in UTC", async () => {
    const it = open({ day: 2 * USD });
    await start(it, { names: ["a", "b"] });
    expect(works(it)).toHaveLength(1);
    await it.end("work/", { end: "success", ...cost(1) });
    expect(it.comment()).toContain("**Paused by today's budget for the repository.** $1.50 of $2.00 is spent or reserved");
    expect(works(it)).toEqual([]);
    it.state.now += 24 * 60 * 60_000;
    await it.later();
    expect(works(it)).toHaveLength(1);
  });

  test("without a budget, nothing is charged", async () => {
    const it = open();
    await start(it, { names: ["a"] });
    expect(it.execution().charges).toBeUndefined();
    expect(it.comment()).not.toContain("Budget");
  });
});

type Move = { readonly what: "end" | "crash" | "raise" | "retry" | "wait"; readonly which: number; readonly cents: number };
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    what: fc.constantFrom<Move["what"]>("end", "end", "end", "crash", "raise", "retry", "wait"),
    which: fc.nat(20),
    cents: fc.nat(100),
  }),
  { maxLength: 30 },
);

test("with two coordinators, what is spent and reserved never exceeds the budget at any write", async () => {
  const graph = plan(...["a", "b", "c", "d"].map((id) => step(id)), step("e", { needs: ["a", "b"] }));
  await fc.assert(
    fc.asyncProperty(moves, fc.integer({ min: 0, max: 8 }), fc.integer({ min: 1, max: 8 }), async (history, budget, day) => {
      const world = memoryWorld({
        config: config({ plan: { approval: "never", maxSteps: 100 }, budget: { ...NO_BUDGET, day: day * USD } }),
      });
      const loops = [openRepositoryLoop(world.world), openRepositoryLoop(world.world)];
      const happen = async (event: Event): Promise<void> => {
        world.state.now += 60_000;
        for (let again = 0; again < 3; again += 1) await Promise.all(loops.map((handle) => handle([event, { kind: "woken" }])));
      };
      await happen(comment(1, { kind: "do", text: "do it", ...(budget > 0 && { budget: budget * USD }) }));
      for (const [at, { what, which, cents }] of history.entries()) {
        const job = world.running()[which % Math.max(1, world.running().length)];
        const isPlan = job?.startsWith("plan/");
        if (job && what === "crash") world.finish(job, { end: "crashed" });
        if (job && what === "end")
          world.finish(job, { end: "success", ...(isPlan && { tools: [{ kind: "propose", plan: graph }] }), ...cost(cents / 100) });
        if (what === "raise") await happen(comment(10 + at, { kind: "budget", target: null, amount: USD, isAdded: true }));
        else if (what === "retry") await happen(comment(10 + at, { kind: "retry", target: null }));
        else await happen({ kind: "woken" });
      }
      for (const { ledger } of world.state.writes) {
        for (const execution of Object.values(ledger.executions))
          if (execution.budget) expect(sumCharges(execution)).toBeLessThanOrEqual(execution.budget.cap);
        expect(sumDayCharges(Object.values(ledger.executions), world.state.now)).toBeLessThanOrEqual(day * USD);
      }
      // Every job of an agent is charged from its start.
      const started = world.state.runs.filter(({ name }) => !name.startsWith("verify/")).map(({ name }) => name);
      const charged = Object.values(world.state.ledger.executions).flatMap(({ charges = {} }) => Object.keys(charges));
      expect(started.filter((name) => !charged.includes(name))).toEqual([]);
    }),
    { numRuns: runs(60, 12) },
  );
});
