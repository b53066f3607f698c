import { layoutGraph } from "./graph-layout.ts";
import { type Box, GAP } from "./grid-layout.ts";
import { html, type Html } from "./html.ts";
import type { Graph, Node } from "./mermaid.ts";

const WIDTH = 196;
const LINE = 17;
const PADDING = 12;
const ARROW = 7;
/** Columns in a line of a label, and lines at most. */
const COLUMNS = 25;
const LINES = 3;
const STATES = new Set(["done", "running", "waiting", "failed", "blocked"]);

const columns = (text: string): number => Array.from(text).reduce((sum, letter) => sum + (letter >= "\u2e80" ? 2 : 1), 0);
const chop = (word: string): string[] => word.match(/.{1,24}/gsu) ?? [];

/** A label in lines that fit into a node. */
export const wrap = (label: string): string[] => {
  const lines: string[] = [];
  for (const word of label.trim().split(/\s+/).flatMap(chop)) {
    const last = lines.at(-1);
    if (last !== undefined && columns(last) + columns(word) < COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.length > LINES ? [...lines.slice(0, LINES - 1), `${lines[LINES - 1] ?? ""} …`] : lines;
};

type Point = { readonly x: number; readonly y: number };

const heightOf = (node: Node): number => (wrap(node.label).length + 1) * LINE + 2 * PADDING - 4;

const outline = ({ x, y, width, height }: Box, shape: Node["shape"]): Html => {
  if (shape === "box") return html`<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" />`;
  const [left, right, bottom, middle, cut] = [x, x + width, y + height, y + height / 2, 12];
  const points = [
    [left, middle],
    [left + cut, y],
    [right - cut, y],
    [right, middle],
    [right - cut, bottom],
    [left + cut, bottom],
  ];
  return html`<polygon points="${points.map((point) => point.join(",")).join(" ")}" />`;
};

const drawNode = (node: Node, box: Box): Html => {
  const state = STATES.has(node.state) ? node.state : "pending";
  const x = box.x + box.width / 2;
  const lines = wrap(node.label).map((line, at) => html`<text x="${x}" y="${box.y + PADDING + 10 + at * LINE}">${line}</text>`);
  const words = [...(node.shape === "hexagon" ? ["checkpoint"] : []), state].join(" · ");
  return html`<g class="node is-${state}"
    ><title>${node.label} (${words})</title>${outline(box, node.shape)}${lines}<text
      class="state"
      x="${x}"
      y="${box.y + box.height - PADDING + 2}"
      >${words}</text
    ></g
  >`;
};

const bend = (one: Point, other: Point, along: "LR" | "TD"): string => {
  if (along === "LR") {
    const middle = (one.x + other.x) / 2;
    return `C${middle},${one.y} ${middle},${other.y} ${other.x},${other.y}`;
  }
  const middle = (one.y + other.y) / 2;
  return `C${one.x},${middle} ${other.x},${middle} ${other.x},${other.y}`;
};

const head = ({ x, y }: Point, along: "LR" | "TD"): Html => {
  const points = along === "LR" ? [x, y, x - ARROW, y - 4, x - ARROW, y + 4] : [x, y, x - 4, y - ARROW, x + 4, y - ARROW];
  return html`<polygon class="arrow" points="${points.join(" ")}" />`;
};

const drawRoute = (along: Graph["direction"], route: readonly Box[]): Html => {
  const points = route.flatMap((box, at) => {
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const enters = along === "LR" ? { x: box.x, y } : { x, y: box.y };
    const leaves = along === "LR" ? { x: box.x + box.width, y } : { x, y: box.y + box.height };
    if (at === 0) return [leaves];
    return at === route.length - 1 ? [enters] : [enters, leaves];
  });
  const [first, ...rest] = points.map(({ x, y }) => ({ x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 }));
  const last = rest.at(-1);
  if (!first || !last) return html``;
  const d = rest.map((point, at) => bend(rest[at - 1] ?? first, point, along)).join("");
  return html`<path class="edge" d="M${first.x},${first.y}${d}" />${head(last, along)}`;
};

/** Draws a graph as an SVG picture. Returns null for a graph with a cycle. */
export const drawGraph = (graph: Graph): Html | null => {
  const layout = layoutGraph(graph, new Map(graph.nodes.map((node) => [node.id, { width: WIDTH, height: heightOf(node) }])));
  if (!layout) return null;
  const nodes = graph.nodes.map((node) => {
    const box = layout.boxes.get(node.id);
    return box ? drawNode(node, box) : html``;
  });
  const edges = layout.routes.map((route) => drawRoute(graph.direction, route));
  const boxes = [...layout.boxes.values(), ...layout.routes.flat()];
  const width = Math.max(...boxes.map((box) => box.x + box.width)) + GAP.margin;
  const height = Math.max(...boxes.map((box) => box.y + box.height)) + GAP.margin;
  return html`<div class="graph" tabindex="0">
    <svg
      width="${width}"
      height="${height}"
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="The plan as a graph of ${graph.nodes.length} steps"
    >
      ${edges}${nodes}
    </svg>
  </div>`;
};
