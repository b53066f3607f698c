import type { SafeHtml } from "./safe-html.ts";
import { readMermaid } from "./read-mermaid.ts";
import { drawGraph } from "./draw-graph.ts";

/** A Mermaid graph as a picture; null where it is shown as text: another kind of diagram, or one that goes in circles. */
export const drawMermaid = (text: string): SafeHtml | null => {
  const graph = readMermaid(text);
  return graph && drawGraph(graph);
};
