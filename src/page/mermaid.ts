import type { Html } from "./html.ts";
import { drawGraph } from "./draw.ts";

export type Node = { readonly id: string; readonly label: string; readonly shape: "box" | "hexagon"; readonly state: string };
export type Edge = { readonly from: string; readonly to: string };
export type Graph = { readonly direction: "LR" | "TD"; readonly nodes: readonly Node[]; readonly edges: readonly Edge[] };

const MOST_NODES = 300;
const MOST_EDGES = 1_500;
const HEAD = /^(?:graph|flowchart)\s+(LR|TD|TB)$/;
const NODE = /^(\w{1,64})(\[|\{\{)"([^"]*)"(\]|\}\})(?::::(\w{1,32}))?$/;
const EDGE = /^(\w{1,64})\s*-->\s*(\w{1,64})$/;
const CLASS = /^(?:classDef|class|style|linkStyle)\s/;

const letter = (code: number): string => (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "");
const unescape = (label: string): string => label.replace(/#(\d{1,7});/g, (_, code: string) => letter(Number(code)));

type Reading = { readonly nodes: Map<string, Node>; readonly edges: Edge[] };

const readLine = ({ nodes, edges }: Reading, line: string): boolean => {
  const [, id, open, label, close, state] = NODE.exec(line) ?? [];
  if (id !== undefined && label !== undefined && (open === "[") === (close === "]")) {
    nodes.set(id, { id, label: unescape(label), shape: open === "[" ? "box" : "hexagon", state: state ?? "" });
    return true;
  }
  const [, from, to] = EDGE.exec(line) ?? [];
  if (from === undefined || to === undefined) return CLASS.test(line);
  edges.push({ from, to });
  return true;
};

/** A Mermaid graph of the kind that Enki writes; null for any other diagram. */
export const readMermaid = (text: string): Graph | null => {
  const [head = "", ...lines] = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const direction = HEAD.exec(head)?.[1];
  if (direction === undefined) return null;
  const reading: Reading = { nodes: new Map(), edges: [] };
  if (!lines.every((line) => readLine(reading, line))) return null;
  const { nodes, edges } = reading;
  if (nodes.size === 0 || nodes.size > MOST_NODES || edges.length > MOST_EDGES) return null;
  if (!edges.every(({ from, to }) => nodes.has(from) && nodes.has(to))) return null;
  return { direction: direction === "LR" ? "LR" : "TD", nodes: [...nodes.values()], edges };
};

/** A Mermaid graph as a picture; null where it is shown as text: another kind of diagram, or one that goes in circles. */
export const drawMermaid = (text: string): Html | null => {
  const graph = readMermaid(text);
  return graph && drawGraph(graph);
};
