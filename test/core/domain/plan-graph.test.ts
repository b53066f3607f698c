import { fc } from "../../support/fast-check.ts";
import { expect, test } from "vitest";
import { orderSteps, orderStepIds } from "../../../src/core/domain/plan-graph.ts";
import { step } from "../../support/build.ts";

/** Steps with needs on those before them by number, in an order of their own. */
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
