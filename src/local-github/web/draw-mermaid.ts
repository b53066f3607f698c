import type { SafeHtml } from "./safe-html.ts";
import { readMermaid } from "./read-mermaid.ts";
import { drawGraph } from "./draw-graph.ts";

/** Draws a Mermaid graph. Returns null for other diagrams and for graphs with a cycle, which are shown as text. */
export const drawMermaid = (text: string): SafeHtml | null => {
  const graph = readMermaid(text);
  return graph && drawGraph(graph);
};
