import { fc } from "../support/fast-check.ts";
import { expect, test } from "vitest";
import { arrange } from "../../src/page/arrange.ts";
import { layer } from "../../src/page/layers.ts";
import type { Edge } from "../../src/page/mermaid.ts";

const edges = (...pairs: readonly string[]): Edge[] => pairs.map((pair) => ({ from: pair.charAt(0), to: pair.charAt(1) }));
const layersOf = (ids: string, of: Edge[]): string[] | undefined =>
  layer(ids.split(""), of)?.layers.map((spots) => spots.map(({ id, node }) => (node ? id : "|")).join(""));

test("a node stands behind all that it comes after; long edges have a lane of their own", () => {
  expect(layersOf("abcd", edges("ab", "bc", "ac", "ad"))).toEqual(["a", "b|d", "c"]);
  expect(layersOf("ab", edges("ab", "ab"))).toEqual(["a", "b"]);
  expect(layersOf("ba", [])).toEqual(["ba"]);
});

test("what goes in circles has no layers", () => {
  expect(layer(["a", "b"], edges("ab", "ba"))).toBeNull();
  expect(layer(["a"], edges("aa"))).toBeNull();
});

test("edges do not cross where they need not", () => {
  expect(layersOf("abcd", edges("ad", "bc"))).toEqual(["ab", "dc"]);
});

const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((size) =>
    fc.record({
      size: fc.constant(size),
      pairs: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 30 }),
    }),
  )
  .map(({ size, pairs }) => ({
    ids: Array.from({ length: size }, (_, at) => `n${at}`),
    edges: pairs.filter(([from, to]) => from < to).map(([from, to]) => ({ from: `n${from}`, to: `n${to}` })),
  }));

test("whatever the graph: each edge leads onward, and nothing overlaps or stands outside", () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const layers = layer(graph.ids, graph.edges);
      if (!layers) throw new Error("a graph without circles has layers");
      const size = (spot: { node: boolean }): number => (spot.node ? 50 : 10);
      const centre = arrange(layers, { size, gap: 5 });
      for (const route of layers.routes) for (const [at, spot] of route.entries()) expect(spot.layer).toBe((route[0]?.layer ?? 0) + at);
      for (const spots of layers.layers) {
        let edge = -5;
        for (const spot of spots) {
          const start = (centre.get(spot) ?? Number.NaN) - size(spot) / 2;
          expect(start).toBeGreaterThanOrEqual(edge + 5 - 1e-6);
          edge = start + size(spot);
        }
      }
    }),
    { numRuns: 200 },
  );
});
