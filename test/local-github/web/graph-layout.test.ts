import { expect, test } from "vitest";
import { layoutGraph } from "../../../src/local-github/web/graph-layout.ts";
import { GRAPH_GAPS_PX } from "../../../src/local-github/web/grid-layout.ts";
import type { GraphBox, GraphLayout, BoxSize } from "../../../src/local-github/web/grid-layout.ts";
import type { MermaidEdge, MermaidGraph } from "../../../src/local-github/web/read-mermaid.ts";
import { fc, runs } from "../../support/fast-check.ts";

type Shape = { readonly ids: readonly string[]; readonly edges: readonly MermaidEdge[]; readonly direction?: MermaidGraph["direction"] };

const place = ({ ids, edges, direction = "LR" }: Shape): GraphLayout | null => {
  const nodes = ids.map((id) => ({ id, label: id, shape: "box" as const, state: "" }));
  const sizes = ids.map((id, at): [string, BoxSize] => [id, { width: 100, height: 40 + 17 * (at % 3) }]);
  return layoutGraph({ direction, nodes, edges }, new Map(sizes));
};

const edges = (...pairs: readonly string[]): MermaidEdge[] => pairs.map((pair) => ({ from: pair.charAt(0), to: pair.charAt(1) }));
const numbered = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${at}`);
const overlap = (a: GraphBox, b: GraphBox): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** Finds every visible fault: boxes that overlap or are outside, edges that lead back or cross a box. */
const faultsOf = ({ boxes, routes }: GraphLayout, direction: MermaidGraph["direction"]): string[] => {
  const all = [...boxes];
  const outside = [...all, ...routes.flat().map((lane) => ["a lane", lane] as const)]
    .filter(([, box]) => box.x < 0 || box.y < 0)
    .map(([id]) => `${id} is outside`);
  const over = all.flatMap(([id, box], at) =>
    all.slice(at + 1).flatMap(([other, its]) => (overlap(box, its) ? [`${id} over ${other}`] : [])),
  );
  const back = routes.flatMap((route) =>
    route.slice(1).flatMap((box, at) => {
      const before = route[at];
      if (!before) return [];
      const isOnward = direction === "LR" ? before.x + before.width < box.x : before.y + before.height < box.y;
      return isOnward ? [] : ["an edge leads back"];
    }),
  );
  const through = routes.flatMap((route) =>
    route.slice(1, -1).flatMap((lane) => {
      const wide = { ...lane, width: Math.max(lane.width, 1), height: Math.max(lane.height, 1) };
      return all.flatMap(([id, box]) => (overlap(wide, box) ? [`an edge through ${id}`] : []));
    }),
  );
  return [...outside, ...over, ...back, ...through];
};

test("leads a long edge through an empty lane beside the node in between", () => {
  const layout = place({ ids: ["a", "b", "c"], edges: edges("ab", "bc", "ac") });
  expect(layout?.routes.map((route) => route.length)).toEqual([2, 2, 3]);
});

test("moves a lane above the first box into the picture", () => {
  const graph = edges("ab", "ac", "bd", "cd", "de", "ae");
  const layout = place({ ids: ["a", "b", "c", "d", "e"], edges: graph });
  expect(layout && faultsOf(layout, "LR")).toEqual([]);
  expect(Math.min(...(layout?.routes.flat().map((box) => box.y) ?? []))).toBe(GRAPH_GAPS_PX.margin);
});

test("draws a duplicate edge once", () => {
  expect(place({ ids: ["a", "b"], edges: edges("ab", "ab") })?.routes).toHaveLength(1);
});

test("returns null for a graph with a cycle", () => {
  expect(place({ ids: ["a", "b"], edges: edges("ab", "ba") })).toBeNull();
  expect(place({ ids: ["a"], edges: edges("aa") })).toBeNull();
});

test("avoids unnecessary crossings", () => {
  const boxes = place({ ids: ["a", "b", "c", "d"], edges: edges("ad", "bc") })?.boxes;
  const yOf = (id: string): number => boxes?.get(id)?.y ?? Number.NaN;
  expect(Math.sign(yOf("a") - yOf("b"))).toBe(Math.sign(yOf("d") - yOf("c")));
});

test("treats names of JavaScript object properties as ordinary names", () => {
  const ids = ["__proto__", "constructor", "toString"];
  const layout = place({
    ids,
    edges: [
      { from: "__proto__", to: "constructor" },
      { from: "constructor", to: "toString" },
    ],
  });
  expect([...(layout?.boxes.keys() ?? [])]).toEqual(ids);
  expect(layout && faultsOf(layout, "LR")).toEqual([]);
});

test("lays out a fan of twelve nodes in three columns", () => {
  const middle = numbered(12);
  const fan = middle.flatMap((id) => [
    { from: "start", to: id },
    { from: id, to: "end" },
  ]);
  const layout = place({ ids: ["start", ...middle, "end"], edges: fan });
  expect(new Set(middle.map((id) => layout?.boxes.get(id)?.x)).size).toBe(1);
  expect(layout && faultsOf(layout, "LR")).toEqual([]);
});

/**
 * Every node needs the first node and its predecessor: 300 nodes need 45,000 lanes, for which dagre takes 18 seconds.
 */
const ladder = numbered(300).flatMap((id, at) => [
  ...(at > 0 ? [{ from: `n${at - 1}`, to: id }] : []),
  ...(at > 1 ? [{ from: "n0", to: id }] : []),
]);

test.each(["LR", "TD"] as const)("lays out a graph that is too large for dagre as a grid (%s)", (direction) => {
  const layout = place({ ids: numbered(300), edges: ladder, direction });
  expect(layout?.routes.every((route) => route.length === 2)).toBe(true);
  expect(layout && faultsOf(layout, direction)).toEqual([]);
});

test("nodes without edges wrap into rows, below the others", () => {
  const boxesOf = (ids: string[], edges: { from: string; to: string }[]) => [...(place({ ids, edges })?.boxes.values() ?? [])];
  const alone = boxesOf(numbered(1_000), []);
  const columns = new Set(alone.map(({ x }) => x)).size;
  expect(columns).toBeGreaterThan(3);
  expect(new Set(alone.map(({ y }) => y)).size).toBe(Math.ceil(1_000 / columns));
  const [first, second, ...rest] = boxesOf(numbered(6), [{ from: "n0", to: "n1" }]);
  for (const box of rest)
    for (const joined of [first, second]) expect(box.y).toBeGreaterThanOrEqual((joined?.y ?? 0) + (joined?.height ?? 0));
});

const shapes = fc
  .integer({ min: 1, max: 12 })
  .chain((size) => fc.record({ size: fc.constant(size), pairs: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 30 }) }))
  .map(({ size, pairs }) => ({
    ids: numbered(size),
    edges: pairs.filter(([from, to]) => from < to).map(([from, to]) => ({ from: `n${from}`, to: `n${to}` })),
  }));

test("in any graph, edges lead forward, boxes do not overlap, and everything is inside the picture", () => {
  fc.assert(
    fc.property(shapes, fc.constantFrom("LR" as const, "TD" as const), (shape, direction) => {
      const layout = place({ ...shape, direction });
      if (!layout) throw new Error("a graph without cycles has a layout");
      expect(faultsOf(layout, direction)).toEqual([]);
    }),
    { numRuns: runs(200) },
  );
});
