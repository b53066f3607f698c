import { Graph as DagreGraph, layout } from "@dagrejs/dagre";
import { type GraphBox, GRAPH_GAPS_PX, layoutAsGrid, type GraphLayout, type BoxSize } from "./grid-layout.ts";
import type { MermaidEdge, MermaidGraph } from "./read-mermaid.ts";

/**
 * The limit for the sum of nodes, edges and lanes. Dagre takes up to 0.7 ms for each and delays the page, so larger
 * graphs become a grid.
 */
const MAX_DAGRE_ELEMENTS = 600;

/**
 * Computes the rank of each node: one more than the highest rank of its predecessors. Returns null for a graph with a
 * cycle.
 */
const rankNodes = (ids: readonly string[], edges: readonly MermaidEdge[]): Map<string, number> | null => {
  const ranks = new Map(ids.map((id) => [id, 0]));
  const open = new Map(ids.map((id) => [id, 0]));
  const next = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { from, to } of edges) {
    open.set(to, (open.get(to) ?? 0) + 1);
    next.get(from)?.push(to);
  }
  const ready = ids.filter((id) => open.get(id) === 0);
  for (const id of ready) {
    for (const to of next.get(id) ?? []) {
      ranks.set(to, Math.max(ranks.get(to) ?? 0, (ranks.get(id) ?? 0) + 1));
      const remaining = (open.get(to) ?? 0) - 1;
      open.set(to, remaining);
      if (remaining === 0) ready.push(to);
    }
  }
  return ready.length === ids.length ? ranks : null;
};

type RankColumns = readonly { readonly middle: number; readonly half: number }[];

/** Finds the ranks of a layout: dagre centers the nodes of a rank on a line. */
const findColumns = (boxes: readonly GraphBox[], isHorizontal: boolean): RankColumns => {
  const halves = new Map<number, number>();
  for (const { x, y, width, height } of boxes) {
    const [start, depth] = isHorizontal ? [x, width] : [y, height];
    const middle = Math.round(start + depth / 2);
    halves.set(middle, Math.max(halves.get(middle) ?? 0, depth / 2));
  }
  return [...halves].map(([middle, half]) => ({ middle, half }));
};

/** Creates an empty lane for each point of an edge inside a rank. */
const createLanes = (points: readonly { x: number; y: number }[], columns: RankColumns, isHorizontal: boolean): GraphBox[] =>
  points.flatMap(({ x, y }) => {
    const along = isHorizontal ? x : y;
    const column = columns.find(({ middle }) => Math.abs(middle - along) <= 1);
    if (!column) return [];
    const [start, depth] = [column.middle - column.half, column.half * 2];
    return [isHorizontal ? { x: start, y, width: depth, height: 0 } : { x, y: start, width: 0, height: depth }];
  });

const layoutWithDagre = (graph: MermaidGraph, sizes: ReadonlyMap<string, BoxSize>): GraphLayout => {
  const dagre = new DagreGraph();
  const isHorizontal = graph.direction === "LR";
  dagre.setGraph({
    rankdir: isHorizontal ? "LR" : "TB",
    nodesep: GRAPH_GAPS_PX.nodes,
    edgesep: GRAPH_GAPS_PX.nodes,
    ranksep: GRAPH_GAPS_PX.ranks,
    marginx: GRAPH_GAPS_PX.margin,
    marginy: GRAPH_GAPS_PX.margin,
  });
  // Dagre keeps nodes in plain objects, where a name such as `__proto__` has a special meaning.
  const names = new Map([...sizes.keys()].map((id, index) => [id, `n${index}`]));
  const nameOf = (id: string): string => names.get(id) ?? "";
  for (const [id, size] of sizes) dagre.setNode(nameOf(id), { ...size });
  for (const { from, to } of graph.edges) dagre.setEdge(nameOf(from), nameOf(to), {});
  layout(dagre);
  const boxes = new Map(
    [...sizes].map(([id, { width, height }]): [string, GraphBox] => {
      const { x = 0, y = 0 } = dagre.node(nameOf(id));
      return [id, { x: Math.round(x - width / 2), y: Math.round(y - height / 2), width, height }];
    }),
  );
  const columns = findColumns([...boxes.values()], isHorizontal);
  const routes = graph.edges.map(({ from, to }) => {
    const points = dagre.edge(nameOf(from), nameOf(to)).points ?? [];
    const [start, end] = [boxes.get(from), boxes.get(to)];
    return start && end ? [start, ...createLanes(points.slice(1, -1), columns, isHorizontal), end] : [];
  });
  return shiftInsideMargin({ boxes, routes });
};

/** Shifts a layout into the margin. Dagre keeps a margin around nodes only, so a lane of a long edge may be outside. */
const shiftInsideMargin = ({ boxes, routes }: GraphLayout): GraphLayout => {
  const all = [...boxes.values(), ...routes.flat()];
  const right = Math.ceil(GRAPH_GAPS_PX.margin - Math.min(...all.map(({ x }) => x)));
  const down = Math.ceil(GRAPH_GAPS_PX.margin - Math.min(...all.map(({ y }) => y)));
  const move = (box: GraphBox): GraphBox => ({ ...box, x: box.x + right, y: box.y + down });
  return { boxes: new Map([...boxes].map(([id, box]) => [id, move(box)])), routes: routes.map((route) => route.map(move)) };
};

const removeDuplicateEdges = (edges: readonly MermaidEdge[]): MermaidEdge[] => [
  ...new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge])).values(),
];

/** Fewer nodes without edges stay in one line. */
const MIN_WRAPPED_NODES = 3;
/** The width that rows of nodes without edges fill. */
const ROWS_WIDTH_PX = 1_080;

/** Places nodes without edges in rows below the others, instead of in one long column. */
const layoutWithRows = (
  graph: MermaidGraph,
  sizes: ReadonlyMap<string, BoxSize>,
  isolated: readonly (readonly [string, BoxSize])[],
): GraphLayout | null => {
  const alone = new Set(isolated.map(([id]) => id));
  const others = new Map([...sizes].filter(([id]) => !alone.has(id)));
  const upper: GraphLayout | null = others.size === 0 ? { boxes: new Map(), routes: [] } : layoutGraph(graph, others);
  if (!upper) return null;
  const { margin, nodes: gap } = GRAPH_GAPS_PX;
  const bottom = Math.max(margin - gap, ...[...upper.boxes.values(), ...upper.routes.flat()].map(({ y, height }) => y + height));
  const width = Math.max(...isolated.map(([, size]) => size.width)) + gap;
  const height = Math.max(...isolated.map(([, size]) => size.height)) + gap;
  const columns = Math.max(1, Math.floor(ROWS_WIDTH_PX / width));
  const boxes = new Map(upper.boxes);
  for (const [index, [id, size]] of isolated.entries())
    boxes.set(id, { x: margin + (index % columns) * width, y: bottom + gap + Math.floor(index / columns) * height, ...size });
  return { boxes, routes: upper.routes };
};

/** Places the nodes of a graph and routes its edges. Returns null for a graph with a cycle. */
export const layoutGraph = (graph: MermaidGraph, sizes: ReadonlyMap<string, BoxSize>): GraphLayout | null => {
  const edges = removeDuplicateEdges(graph.edges);
  const joined = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const isolated = [...sizes].filter(([id]) => !joined.has(id));
  if (isolated.length > MIN_WRAPPED_NODES || (isolated.length > 1 && joined.size > 0)) return layoutWithRows(graph, sizes, isolated);
  const ranks = rankNodes([...sizes.keys()], edges);
  if (!ranks) return null;
  const lanes = edges.reduce((sum, { from, to }) => sum + (ranks.get(to) ?? 0) - (ranks.get(from) ?? 0) - 1, 0);
  const simple = { ...graph, edges };
  if (sizes.size + edges.length + lanes > MAX_DAGRE_ELEMENTS) return layoutAsGrid(simple, sizes, ranks);
  return layoutWithDagre(simple, sizes);
};
