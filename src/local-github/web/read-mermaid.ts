export type MermaidNode = {
  readonly id: string;
  readonly label: string;
  readonly shape: "box" | "hexagon";
  readonly state: string;
  /** The address that the node leads to. */ readonly link?: string;
  /** The word shown for the state; by default the state itself. */
  readonly word?: string;
};
export type MermaidEdge = { readonly from: string; readonly to: string };
export type MermaidGraph = {
  readonly direction: "LR" | "TD";
  readonly nodes: readonly MermaidNode[];
  readonly edges: readonly MermaidEdge[];
};
const MAX_GRAPH_NODES = 300;
const MAX_GRAPH_EDGES = 1_500;
const GRAPH_HEAD_PATTERN = /^(?:graph|flowchart)\s+(LR|TD|TB)$/;
const NODE_PATTERN = /^(\w{1,64})(\[|\{\{)"([^"]*)"(\]|\}\})(?::::(\w{1,32}))?$/;
const EDGE_PATTERN = /^(\w{1,64})\s*-->\s*(\w{1,64})$/;
const CLASS_PATTERN = /^(?:classDef|class|style|linkStyle)\s/;
const decodeCodePoint = (code: number): string => (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "");
const unescapeLabel = (label: string): string => label.replace(/#(\d{1,7});/g, (_, code: string) => decodeCodePoint(Number(code)));
type MermaidReading = { readonly nodes: Map<string, MermaidNode>; readonly edges: MermaidEdge[] };
const readMermaidLine = ({ nodes, edges }: MermaidReading, line: string): boolean => {
  const [, id, open, label, close, state] = NODE_PATTERN.exec(line) ?? [];
  if (id !== undefined && label !== undefined && (open === "[") === (close === "]")) {
    nodes.set(id, { id, label: unescapeLabel(label), shape: open === "[" ? "box" : "hexagon", state: state ?? "" });
    return true;
  }
  const [, from, to] = EDGE_PATTERN.exec(line) ?? [];
  if (from === undefined || to === undefined) return CLASS_PATTERN.test(line);
  edges.push({ from, to });
  return true;
};
/** Reads a Mermaid graph of the form that Enki writes; null for any other diagram. */
export const readMermaid = (text: string): MermaidGraph | null => {
  const [head = "", ...lines] = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const direction = GRAPH_HEAD_PATTERN.exec(head)?.[1];
  if (direction === undefined) return null;
  const reading: MermaidReading = { nodes: new Map(), edges: [] };
  if (!lines.every((line) => readMermaidLine(reading, line))) return null;
  const { nodes, edges } = reading;
  if (nodes.size === 0 || nodes.size > MAX_GRAPH_NODES || edges.length > MAX_GRAPH_EDGES) return null;
  if (!edges.every(({ from, to }) => nodes.has(from) && nodes.has(to))) return null;
  return { direction: direction === "LR" ? "LR" : "TD", nodes: [...nodes.values()], edges };
};
