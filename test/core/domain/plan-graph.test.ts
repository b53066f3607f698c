import { fc } from "../../support/fast-check.ts";
import { expect, test } from "vitest";
import { checkPlan, orderSteps, orderStepIds } from "../../../src/core/domain/plan-graph.ts";
import { step } from "../../support/build.ts";

/** Steps that need earlier steps by number, in random order. */
const graphs = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 30 })
  .map((wishes) => wishes.map((needs, at) => step(`s${at}`, { needs: at === 0 ? [] : [...new Set(needs.map((need) => `s${need % at}`))] })))
  .chain((steps) => fc.shuffledSubarray(steps, { minLength: steps.length }));

test("every step comes after its needs, and steps without open needs keep plan order", () => {
  fc.assert(
    fc.property(graphs, (steps) => {
      const order = orderSteps(steps);
      expect(order.map(({ id }) => id).toSorted()).toEqual(steps.map(({ id }) => id).toSorted());
      const at = new Map(order.map(({ id }, place) => [id, place]));
      for (const { id, needs } of steps)
        for (const need of needs) if ("step" in need) expect(at.get(need.step)).toBeLessThan(at.get(id) ?? -1);
      const free = (list: readonly (typeof steps)[number][]) => list.filter(({ needs }) => needs.length === 0).map(({ id }) => id);
      expect(order.slice(0, free(steps).length).map(({ id }) => id)).toEqual(free(steps));
    }),
  );
});

test("steps that become free keep plan order; duplicates, unknown needs and cycles have no order", () => {
  const needs = (id: string, ...on: string[]) => step(id, { needs: on });
  expect(orderStepIds([needs("d", "b"), needs("c", "a"), needs("b"), needs("e", "a"), needs("a")])).toEqual(["b", "a", "d", "c", "e"]);
  expect(orderStepIds([needs("a", "b"), needs("b", "a")])).toBeNull();
  expect(orderStepIds([needs("a"), needs("a")])).toBeNull();
  expect(orderStepIds([needs("a", "nobody")])).toBeNull();
});

/** Counts the reads of the steps' needs. */
const countReads = (needs: readonly (readonly string[])[]) => {
  let reads = 0;
  const steps = needs.map((on, at) => {
    const made = step(`s${at}`, { needs: [...on] });
    return Object.defineProperty({ ...made }, "needs", {
      get: () => {
        reads += 1;
        return made.needs;
      },
    });
  });
  return { steps, reads: () => reads };
};

test.each<[string, (at: number) => string[]]>([
  ["a ring of all steps", (at) => [`s${(at + 1) % 10_000}`]],
  ["a long tail to a ring of two", (at) => [`s${at < 9_999 ? at + 1 : 9_998}`]],
  ["a ring at the end of a fan", (at) => (at < 9_998 ? ["s9998"] : [at === 9_998 ? "s9999" : "s9998"])],
])("a cycle in 10,000 steps is refused after a few visits of each step: %s", (_, needs) => {
  const { steps, reads } = countReads(Array.from({ length: 10_000 }, (__, at) => needs(at)));
  const checked = checkPlan({ steps }, 10_000);
  expect(checked).toMatchObject({ ok: false, refusal: { code: "cycle" } });
  expect(reads()).toBeLessThanOrEqual(5 * 10_000);
  expect(!checked.ok && checked.refusal.message.length).toBeLessThan(500);
});

test("the named cycle follows needs from its first step in plan order back to that step", () => {
  const needs = (id: string, ...on: string[]) => step(id, { needs: on });
  const steps = [needs("free"), needs("late", "b"), needs("c", "b"), needs("a", "c", "free"), needs("b", "free", "a")];
  expect(checkPlan({ steps }, 10)).toMatchObject({ refusal: { message: "steps form a cycle: c -> b -> a -> c" } });
});
