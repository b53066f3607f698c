import type { Expression, Template, TemplateNode } from "./syntax.ts";

/** A place where a template reads something: `.review.verdict` is `["review", "verdict"]`. */
export type Reference = { readonly keys: readonly string[]; readonly line: number };

/** What the dot stands for: everything, what a path leads to, or an item that is known at run time only. */
type Dot = readonly string[] | null;

/** Everything that a template reads from the root, also through `with`. What an item of a list holds is not known. */
export const referencesOf = ({ nodes }: Template): Reference[] => {
  const found: Reference[] = [];
  walk(nodes, [], found);
  return found;
};

const walk = (nodes: readonly TemplateNode[], dot: Dot, found: Reference[]): void => {
  for (const node of nodes) {
    if (node.kind === "text") continue;
    const { line } = node;
    readIn(node.value, dot, (keys) => found.push({ keys, line }));
    if (node.kind === "print") continue;
    walk(node.body, node.kind === "if" ? dot : node.kind === "range" ? null : target(node.value, dot), found);
    walk(node.otherwise, dot, found);
  }
};

const target = (value: Expression, dot: Dot): Dot => {
  if (value.kind !== "path") return null;
  if (value.from === "root") return value.keys;
  return dot && [...dot, ...value.keys];
};

const readIn = (value: Expression, dot: Dot, take: (keys: readonly string[]) => void): void => {
  if (value.kind === "call") for (const each of value.args) readIn(each, dot, take);
  const keys = value.kind === "path" ? target(value, dot) : null;
  if (keys) take(keys);
};
