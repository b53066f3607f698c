import { expect, test } from "vitest";
import { wrapLabel } from "../../../src/local-github/web/draw-graph.ts";
import { drawMermaid } from "../../../src/local-github/web/draw-mermaid.ts";
import { readMermaid } from "../../../src/local-github/web/read-mermaid.ts";
import type { PlannedStep } from "../../../src/core/domain/plan.ts";
import { renderMermaidBlock } from "../../../src/core/messages/mermaid-graph.ts";
import { strange, wordsOf } from "./inspect.ts";

const PLAN =
  'graph LR\n  n0["✅ Find #34;it#34;"]:::done\n  n1{{"Look at it"}}:::waiting\n  n0 --> n1\n  classDef done fill:#1a7f37,color:#fff';

test("reads a graph of the form that Enki writes", () => {
  expect(readMermaid(PLAN)).toEqual({
    direction: "LR",
    nodes: [
      { id: "n0", label: '✅ Find "it"', shape: "box", state: "done" },
      { id: "n1", label: "Look at it", shape: "hexagon", state: "waiting" },
    ],
    edges: [{ from: "n0", to: "n1" }],
  });
});

test("draws every plan that Enki writes for GitHub", () => {
  const step = (id: string, needs: string[]): PlannedStep => ({
    id,
    title: `Do "${id}" <now>`,
    description: "",
    tier: "light",
    role: null,
    output: "branch",
    needs: needs.map((need) => ({ step: need, condition: "merged" })),
    checkpoint: id === "b",
    paths: [],
    verify: [],
    optional: false,
    run: null,
  });
  const text = renderMermaidBlock([step("a", []), step("b", ["a"]), step("c", ["a", "b"])], {}) ?? "";
  const drawn = drawMermaid(text.replace(/^```mermaid\n|\n```$/g, ""))?.markup ?? "";
  expect(wordsOf(drawn)).toMatch(/Do "a" <now>.*Do "b" <now>.*checkpoint.*Do "c" <now>/);
  expect(strange(drawn)).toEqual([]);
});

test("shows a node's state as a word and a colour, and a checkpoint by its shape", () => {
  const { markup = "" } = drawMermaid(PLAN) ?? {};
  expect(markup).toContain('class="node is-done"');
  expect(wordsOf(markup)).toContain("checkpoint · waiting");
  expect(markup).toMatch(/<polygon points=/);
  expect(markup).toContain('aria-label="The plan as a graph of 2 steps"');
  expect(markup.match(/class="edge"/g)).toHaveLength(1);
});

test.each([
  ["another kind of diagram", "sequenceDiagram\n  a->>b: x"],
  ["an empty graph", "graph LR"],
  ["an edge to a missing node", 'graph LR\n  a["x"]\n  a --> b'],
  ["a cycle", 'graph LR\n  a["x"]\n  b["y"]\n  a --> b\n  b --> a'],
  ["a node that needs itself", 'graph LR\n  a["x"]\n  a --> a'],
  ["a link in it", 'graph LR\n  a["x"]\n  click a "javascript:alert(1)"'],
  ["shapes that do not close", 'graph LR\n  a["x"}}'],
  ["more than 300 nodes", `graph LR\n${Array.from({ length: 301 }, (_, at) => `  n${at}["x"]`).join("\n")}`],
])("returns null for %s", (_, text) => {
  expect(drawMermaid(text)).toBeNull();
});

test("escapes labels and states", () => {
  const { markup = "" } = drawMermaid('graph TD\n  a["<script>#60;b#62;#0;#9999999;"]:::x') ?? {};
  expect(markup).toContain("&lt;script&gt;&lt;b&gt;");
  expect(markup).toContain('class="node is-pending"');
  expect(strange(markup)).toEqual([]);
});

test.each([
  ["short", ["short"]],
  ["Test an upload of 5 MB with the shipped limit", ["Test an upload of 5 MB", "with the shipped limit"]],
  ["x".repeat(60), ["x".repeat(24), "x".repeat(24), "x".repeat(12)]],
  ["one ".repeat(40), ["one one one one one one", "one one one one one one", "one one one one one one …"]],
  ["", []],
])("wraps a label: %s", (label, lines) => {
  expect(wrapLabel(label)).toEqual(lines);
});
