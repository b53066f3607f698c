import type { Expression, Template, TemplateNode } from "./syntax.ts";

const PLACE = { source: "", start: { line: 1, column: 0 }, end: { line: 1, column: 0 } };
const STRIP = { open: false, close: false };

type Node = { readonly type: string; readonly [key: string]: unknown };

/**
 * A template as a program of Handlebars. Every value is a call of a helper of the closed set in `render.ts`, with literals and `this` as its only
 * arguments: Handlebars looks up no name of anybody, and no text that comes at run time is part of the program.
 */
export const translate = ({ nodes }: Template): hbs.AST.Program => program(nodes) as unknown as hbs.AST.Program; // its types want what its compiler does not read

const node = (type: string, rest: Readonly<Record<string, unknown>>): Node => ({ type, loc: PLACE, ...rest });

const program = (nodes: readonly TemplateNode[]): Node => node("Program", { body: nodes.map(statement), strip: {} });

const helper = (name: string): Node => node("PathExpression", { original: name, parts: [name], depth: 0, data: false });

const statement = (each: TemplateNode): Node => {
  if (each.kind === "text") return node("ContentStatement", { value: each.text, original: each.text });
  if (each.kind === "print") {
    const params = [expression(each.value), literal(each.written), literal(each.line)];
    return node("MustacheStatement", { path: helper("print"), params, escaped: false, strip: STRIP });
  }
  return node("BlockStatement", {
    path: helper(each.kind),
    params: [expression(each.value), DOT, ...(each.kind === "range" ? [literal(each.line)] : [])],
    program: program(each.body),
    inverse: program(each.otherwise),
    openStrip: STRIP,
    inverseStrip: STRIP,
    closeStrip: STRIP,
  });
};

const expression = (each: Expression): Node => {
  switch (each.kind) {
    case "literal":
      return literal(each.value);
    case "path":
      return call("get", [each.from === "root" ? ROOT : DOT, ...each.keys.map(literal)]);
    case "call":
      return call(each.name, each.args.map(expression));
  }
};

const DOT = node("PathExpression", { original: "this", parts: [], depth: 0, data: false });
const ROOT = node("PathExpression", { original: "@root", parts: ["root"], depth: 0, data: true });

const call = (name: string, params: readonly Node[]): Node => node("SubExpression", { path: helper(name), params });

const literal = (value: string | number | boolean | null): Node => {
  if (value === null) return node("NullLiteral", { value: null, original: null });
  const types = { string: "StringLiteral", number: "NumberLiteral", boolean: "BooleanLiteral" } as const;
  const type = types[typeof value as keyof typeof types]; // the union above has no other types
  return node(type, { value, original: value });
};
