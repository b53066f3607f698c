import { fc } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { drawRails, type RailNode } from "../../../src/core/messages/draw-rails.ts";

const draw = (graph: Readonly<Record<string, string[]>>): string =>
  drawRails(
    Object.entries(graph).map(([id, after]) => ({ id, after })),
    () => "*",
  )
    .map(({ rails, node }) => (node === null ? rails : `${rails} ${node}`))
    .join("\n");

describe("a graph as rails", () => {
  test.each<[string, Record<string, string[]>, string]>([
    ["a chain", { a: [], b: ["a"], c: ["b"] }, "* a\n|\n* b\n|\n* c"],
    ["what has nothing to do with each other", { a: [], b: [] }, "* a\n* b"],
    ["a diamond", { a: [], b: ["a"], c: ["a"], d: ["b", "c"] }, "* a\n+-v\n| * b\n| |\n* | c\n'-v\n  |\n  * d"],
    ["a rail that is crossed", { a: [], b: [], c: ["a"], d: ["b"] }, "* a\n|\n* c\n* b\n|\n* d"],
    ["a cycle, which is left out", { a: [], b: ["c"], c: ["b"] }, "* a"],
    ["nothing", {}, ""],
  ])("%s", (_, graph, drawing) => {
    expect(draw(graph)).toBe(drawing);
  });

  test("a thousand parallel nodes are three columns wide", () => {
    const branches = Array.from({ length: 1_000 }, (_, at) => `b${at}`);
    const nodes = [{ id: "s", after: [] }, ...branches.map((id) => ({ id, after: ["s"] })), { id: "join", after: branches }];
    const lines = drawRails(nodes, () => "*");
    expect(lines.filter(({ node }) => node !== null)).toHaveLength(1_002);
    expect(Math.max(...lines.map(({ rails }) => rails.length))).toBe(5);
  });
});

/** Nodes with some of the earlier nodes as predecessors. */
const graphs = fc
  .array(fc.array(fc.nat(20), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .map((all) =>
    all.map((needs, at): RailNode => ({ id: `n${at}`, after: [...new Set(at === 0 ? [] : needs.map((need) => `n${need % at}`))] })),
  );

/** Reads a drawing as a person does: finds the predecessors of each node along the rails, from top to bottom. */
const readBack = (lines: ReturnType<typeof drawRails>): Map<string, Set<string>> => {
  const found = new Map<string, Set<string>>();
  let above: (Set<string> | null)[] = [];
  let between = false;
  for (const { rails, node } of lines) {
    const cells = Array.from(rails).filter((_, at) => at % 2 === 0);
    if (node === null) {
      const all = new Set(cells.flatMap((cell, at) => (/[+v']/.test(cell) ? [...(above[at] ?? [])] : [])));
      above = cells.map((cell, at) => (cell === "v" ? all : /[+|]/.test(cell) ? (above[at] ?? null) : null));
    } else {
      const own = cells.indexOf("*");
      // A node directly below another node is unrelated to it.
      found.set(node, (between ? above[own] : null) ?? new Set());
      above = cells.map((cell, at) => (at === own ? new Set([node]) : cell === "|" ? (above[at] ?? null) : null));
    }
    between = node === null;
  }
  return found;
};

test("each node occurs once, and exactly its predecessors lead to it", () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const found = readBack(drawRails(nodes, () => "*"));
      expect([...found.keys()].toSorted()).toEqual(nodes.map(({ id }) => id).toSorted());
      for (const { id, after } of nodes) expect([id, [...(found.get(id) ?? [])].toSorted()]).toEqual([id, after.toSorted()]);
    }),
  );
});
