import { arrange } from "./arrange.ts";
import { html, type Html, type Part } from "./html.ts";
import { layer, type Spot } from "./layers.ts";
import type { Graph, Node } from "./mermaid.ts";

const WIDTH = 196;
const LINE = 17;
const PADDING = 12;
const GAP = { across: 20, along: 56 } as const;
const THIN = 14;
const MARGIN = 6;
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

type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
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

type Plane = { readonly along: Graph["direction"]; readonly boxes: ReadonlyMap<Spot, Box> };

const drawRoute = ({ along, boxes }: Plane, route: readonly Spot[]): Html => {
  const points = route.flatMap((spot, at) => {
    const box = boxes.get(spot);
    if (!box) return [];
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

const placeBoxes = (
  graph: Graph,
  nodes: ReadonlyMap<string, Node>,
): { plane: Plane; routes: readonly (readonly Spot[])[]; size: Point } | null => {
  const along = graph.direction;
  const layers = layer([...nodes.keys()], graph.edges);
  if (!layers) return null;
  const tallest = Math.max(...[...nodes.values()].map(heightOf));
  const height = (spot: Spot): number => {
    const node = spot.node ? nodes.get(spot.id) : undefined;
    return node ? heightOf(node) : THIN;
  };
  const across = (spot: Spot): number => (along === "LR" ? height(spot) : spot.node ? WIDTH : THIN);
  const depth = along === "LR" ? WIDTH : tallest;
  const centre = arrange(layers, { size: across, gap: GAP.across });
  const boxes = new Map(
    layers.layers.flat().map((spot): [Spot, Box] => {
      const middle = MARGIN + (centre.get(spot) ?? 0);
      const start = MARGIN + spot.layer * (depth + GAP.along);
      const [width, tall] = along === "LR" ? [WIDTH, across(spot)] : [across(spot), spot.node ? height(spot) : tallest];
      if (along === "LR") return [spot, { x: start, y: Math.round(middle - tall / 2), width, height: tall }];
      return [spot, { x: Math.round(middle - width / 2), y: start, width, height: tall }];
    }),
  );
  const far = (end: (box: Box) => number): number => Math.max(...[...boxes.values()].map(end)) + MARGIN;
  return {
    plane: { along, boxes },
    routes: layers.routes,
    size: { x: far((box) => box.x + box.width), y: far((box) => box.y + box.height) },
  };
};

/** A graph as an SVG picture; null where it goes in circles or is too large to look at. */
export const drawGraph = (graph: Graph): Html | null => {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const placed = placeBoxes(graph, nodes);
  if (!placed) return null;
  const { plane, routes, size } = placed;
  const drawn: Part[] = [...plane.boxes].flatMap(([spot, box]) => {
    const node = spot.node ? nodes.get(spot.id) : undefined;
    return node ? [drawNode(node, box)] : [];
  });
  const edges = routes.map((route) => drawRoute(plane, route));
  return html`<div class="graph" tabindex="0">
    <svg
      width="${size.x}"
      height="${size.y}"
      viewBox="0 0 ${size.x} ${size.y}"
      role="img"
      aria-label="The plan as a graph of ${graph.nodes.length} steps"
    >
      ${edges}${drawn}
    </svg>
  </div>`;
};
