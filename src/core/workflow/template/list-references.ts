import type { TemplateExpression, Template, TemplateNode } from "./template.ts";

/** A reference in a template: `.review.verdict` is `["review", "verdict"]`. */
export type TemplateReference = { readonly keys: readonly string[]; readonly line: number };

/** The path that the dot stands for: empty at the root, null for an item that is known at run time only. */
type DotPath = readonly string[] | null;

/** Lists every path that a template reads from the root, also through `with`. Paths below a list item are unknown. */
export const listReferences = ({ nodes }: Template): TemplateReference[] => {
  const found: TemplateReference[] = [];
  collectReferences(nodes, [], found);
  return found;
};

const collectReferences = (nodes: readonly TemplateNode[], dot: DotPath, found: TemplateReference[]): void => {
  for (const node of nodes) {
    if (node.kind === "text") continue;
    const { line } = node;
    visitPaths(node.value, dot, (keys) => found.push({ keys, line }));
    if (node.kind === "print") continue;
    collectReferences(node.body, node.kind === "if" ? dot : node.kind === "range" ? null : resolvePath(node.value, dot), found);
    collectReferences(node.otherwise, dot, found);
  }
};

const resolvePath = (value: TemplateExpression, dot: DotPath): DotPath => {
  if (value.kind !== "path") return null;
  if (value.from === "root") return value.keys;
  return dot && [...dot, ...value.keys];
};

const visitPaths = (value: TemplateExpression, dot: DotPath, take: (keys: readonly string[]) => void): void => {
  if (value.kind === "call") for (const each of value.args) visitPaths(each, dot, take);
  const keys = value.kind === "path" ? resolvePath(value, dot) : null;
  if (keys) take(keys);
};
