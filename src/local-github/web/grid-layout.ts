import type { MermaidGraph } from "./read-mermaid.ts";

export type GraphBox = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
export type BoxSize = Pick<GraphBox, "width" | "height">;

export type GraphLayout = {
  readonly boxes: ReadonlyMap<string, GraphBox>;
  /** The boxes along each edge, from the first to the last. The boxes in between are empty lanes of a long edge. */
  readonly routes: readonly (readonly GraphBox[])[];
};

/** Pixels between two neighbouring boxes, between two ranks, and around the picture. */
export const GRAPH_GAPS_PX = { nodes: 20, ranks: 56, margin: 10 } as const;

/**
 * Places each rank in a column, or in a row for a graph from top to bottom, in the order of the nodes. Draws straight
 * edges.
 */
export const layoutAsGrid = (graph: MermaidGraph, sizes: ReadonlyMap<string, BoxSize>, ranks: ReadonlyMap<string, number>): GraphLayout => {
  const width = Math.max(...[...sizes.values()].map((size) => size.width));
  const height = Math.max(...[...sizes.values()].map((size) => size.height));
  const counts = new Map<number, number>();
  const boxes = new Map(
    [...sizes].map(([id, size]): [string, GraphBox] => {
      const rank = ranks.get(id) ?? 0;
      const position = counts.get(rank) ?? 0;
      counts.set(rank, position + 1);
      const [x, y] =
        graph.direction === "LR"
          ? [rank * (width + GRAPH_GAPS_PX.ranks), position * (height + GRAPH_GAPS_PX.nodes)]
          : [position * (width + GRAPH_GAPS_PX.nodes), rank * (height + GRAPH_GAPS_PX.ranks)];
      return [id, { x: GRAPH_GAPS_PX.margin + x, y: GRAPH_GAPS_PX.margin + y, ...size }];
    }),
  );
  const routes = graph.edges.map(({ from, to }) => [boxes.get(from), boxes.get(to)].filter((box) => box !== undefined));
  return { boxes, routes };
};
