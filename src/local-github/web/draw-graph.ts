import { layoutGraph } from "./graph-layout.ts";
import { type GraphBox, GRAPH_GAPS_PX } from "./grid-layout.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import { drawStateIcon } from "./state-icon.ts";
import type { MermaidGraph, MermaidNode } from "./read-mermaid.ts";

const NODE_WIDTH_PX = 196;
const LABEL_LINE_PX = 17;
const NODE_PADDING_PX = 12;
const ARROW_PX = 7;
/** From the left edge to the sign of the state, beyond the corner of a hexagon. */
const ICON_INSET_PX = 26;
const MAX_LABEL_COLUMNS = 25;
const MAX_LABEL_LINES = 3;
const DRAWN_STATES = new Set(["done", "running", "waiting", "failed", "blocked"]);

const countColumns = (text: string): number => Array.from(text).reduce((sum, letter) => sum + (letter >= "\u2e80" ? 2 : 1), 0);
const splitLongWord = (word: string): string[] => word.match(/.{1,24}/gsu) ?? [];

/** Wraps a label into lines that fit into a node. */
export const wrapLabel = (label: string): string[] => {
  const lines: string[] = [];
  for (const word of label.trim().split(/\s+/).flatMap(splitLongWord)) {
    const last = lines.at(-1);
    if (last !== undefined && countColumns(last) + countColumns(word) < MAX_LABEL_COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.length > MAX_LABEL_LINES ? [...lines.slice(0, MAX_LABEL_LINES - 1), `${lines[MAX_LABEL_LINES - 1] ?? ""} …`] : lines;
};

type PicturePoint = { readonly x: number; readonly y: number };

const nodeHeight = (node: MermaidNode): number => (wrapLabel(node.label).length + 1) * LABEL_LINE_PX + 2 * NODE_PADDING_PX - 4;

const drawOutline = ({ x, y, width, height }: GraphBox, shape: MermaidNode["shape"]): SafeHtml => {
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

const drawGraphNode = (node: MermaidNode, box: GraphBox): SafeHtml => {
  const state = DRAWN_STATES.has(node.state) ? node.state : "pending";
  const x = box.x + box.width / 2;
  const lines = wrapLabel(node.label).map(
    (line, index) => html`<text x="${x}" y="${box.y + NODE_PADDING_PX + 10 + index * LABEL_LINE_PX}">${line}</text>`,
  );
  const words = [...(node.shape === "hexagon" ? ["checkpoint"] : []), node.word ?? state].join(" · ");
  const sign = drawStateIcon(state, { x: box.x + ICON_INSET_PX, y: box.y });
  const title = html`<title>${node.label} (${words})</title>`;
  const drawn = html`<g class="node is-${state}">
    ${title}${drawOutline(box, node.shape)}${sign}${lines}<text class="state" x="${x}" y="${box.y + box.height - NODE_PADDING_PX + 2}">
      ${words}
    </text>
  </g>`;
  return node.link === undefined ? drawn : html`<a href="${node.link}" aria-label="${node.label}: ${words}">${drawn}</a>`;
};

const drawCurve = (start: PicturePoint, end: PicturePoint, along: "LR" | "TD"): string => {
  if (along === "LR") {
    const middle = (start.x + end.x) / 2;
    return `C${middle},${start.y} ${middle},${end.y} ${end.x},${end.y}`;
  }
  const middle = (start.y + end.y) / 2;
  return `C${start.x},${middle} ${end.x},${middle} ${end.x},${end.y}`;
};

const drawArrowHead = ({ x, y }: PicturePoint, along: "LR" | "TD"): SafeHtml => {
  const points = along === "LR" ? [x, y, x - ARROW_PX, y - 4, x - ARROW_PX, y + 4] : [x, y, x - 4, y - ARROW_PX, x + 4, y - ARROW_PX];
  return html`<polygon class="arrow" points="${points.join(" ")}" />`;
};

const drawRoute = (along: MermaidGraph["direction"], route: readonly GraphBox[]): SafeHtml => {
  const points = route.flatMap((box, index) => {
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const enters = along === "LR" ? { x: box.x, y } : { x, y: box.y };
    const leaves = along === "LR" ? { x: box.x + box.width, y } : { x, y: box.y + box.height };
    if (index === 0) return [leaves];
    return index === route.length - 1 ? [enters] : [enters, leaves];
  });
  const [first, ...rest] = points.map(({ x, y }) => ({ x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 }));
  const last = rest.at(-1);
  if (!first || !last) return html``;
  const d = rest.map((point, index) => drawCurve(rest[index - 1] ?? first, point, along)).join("");
  return html`<path class="edge" d="M${first.x},${first.y}${d}" />${drawArrowHead(last, along)}`;
};

/** Draws a graph as an SVG picture. Returns null for a graph with a cycle. */
export const drawGraph = (graph: MermaidGraph): SafeHtml | null => {
  const layout = layoutGraph(graph, new Map(graph.nodes.map((node) => [node.id, { width: NODE_WIDTH_PX, height: nodeHeight(node) }])));
  if (!layout) return null;
  const nodes = graph.nodes.map((node) => {
    const box = layout.boxes.get(node.id);
    return box ? drawGraphNode(node, box) : html``;
  });
  const edges = layout.routes.map((route) => drawRoute(graph.direction, route));
  const boxes = [...layout.boxes.values(), ...layout.routes.flat()];
  const width = Math.max(...boxes.map((box) => box.x + box.width)) + GRAPH_GAPS_PX.margin;
  const height = Math.max(...boxes.map((box) => box.y + box.height)) + GRAPH_GAPS_PX.margin;
  // The parts of a picture cannot be links.
  const role = graph.nodes.some(({ link }) => link !== undefined) ? "group" : "img";
  return html`<div class="graph" tabindex="0" role="region" aria-label="Graph">
    <svg
      width="${width}"
      height="${height}"
      viewBox="0 0 ${width} ${height}"
      role="${role}"
      aria-label="The plan as a graph of ${graph.nodes.length} steps"
    >
      ${edges}${nodes}
    </svg>
  </div>`;
};
