import type { Graph } from "./mermaid.ts";

export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
export type Size = Pick<Box, "width" | "height">;

export type GraphLayout = {
  readonly boxes: ReadonlyMap<string, Box>;
  /** All boxes that an edge passes, from the first to the last. Those between are empty lanes for a long edge. */
  readonly routes: readonly (readonly Box[])[];
};

/** Pixels between two boxes side by side, between two ranks, and around the picture. */
export const GAP = { nodes: 20, ranks: 56, margin: 6 } as const;

/** Places each rank in a column (a row for a graph from top to bottom), in the order of the nodes, and draws edges straight. */
export const gridLayout = (graph: Graph, sizes: ReadonlyMap<string, Size>, ranks: ReadonlyMap<string, number>): GraphLayout => {
  const width = Math.max(...[...sizes.values()].map((size) => size.width));
  const height = Math.max(...[...sizes.values()].map((size) => size.height));
  const counts = new Map<number, number>();
  const boxes = new Map(
    [...sizes].map(([id, size]): [string, Box] => {
      const rank = ranks.get(id) ?? 0;
      const place = counts.get(rank) ?? 0;
      counts.set(rank, place + 1);
      const [x, y] =
        graph.direction === "LR"
          ? [rank * (width + GAP.ranks), place * (height + GAP.nodes)]
          : [place * (width + GAP.nodes), rank * (height + GAP.ranks)];
      return [id, { x: GAP.margin + x, y: GAP.margin + y, ...size }];
    }),
  );
  const routes = graph.edges.map(({ from, to }) => [boxes.get(from), boxes.get(to)].filter((box) => box !== undefined));
  return { boxes, routes };
};
