/** The template functions with their minimum and maximum number of arguments. */
export const FUNCTION_ARITIES = {
  eq: [2, Infinity],
  ne: [2, 2],
  lt: [2, 2],
  le: [2, 2],
  gt: [2, 2],
  ge: [2, 2],
  and: [1, Infinity],
  or: [1, Infinity],
  not: [1, 1],
  contains: [2, 2],
  matches: [2, 2],
  default: [2, 2],
  len: [1, 1],
} as const satisfies Record<string, readonly [number, number]>;

export type FunctionName = keyof typeof FUNCTION_ARITIES;
export const FUNCTION_NAMES = Object.keys(FUNCTION_ARITIES) as readonly FunctionName[]; // the keys of the object above

export type TemplateExpression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  /** `.a.b` from the dot, or `$.a.b` from the root. */
  | { readonly kind: "path"; readonly from: "dot" | "root"; readonly keys: readonly string[] }
  | { readonly kind: "call"; readonly name: FunctionName; readonly args: readonly TemplateExpression[] };

export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly value: TemplateExpression; readonly written: string; readonly line: number }
  | TemplateBlock;

export type TemplateBlock = {
  readonly kind: "if" | "with" | "range";
  readonly value: TemplateExpression;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
  readonly line: number;
};

/** A parsed template: a plain value. Lines are lines of its file. */
export type Template = { readonly source: string; readonly nodes: readonly TemplateNode[] };

export type TemplateFaultCode = "bad-template" | "unknown-function" | "bad-arguments" | "bad-pattern" | "unsupported-action";

export type TemplateFault = { readonly code: TemplateFaultCode; readonly line: number; readonly reason: string; readonly instead: string };

/** Thrown and caught in `template/` only. */
export class TemplateError extends Error {
  readonly fault: TemplateFault;
  constructor(fault: TemplateFault) {
    super(fault.reason);
    this.fault = fault;
  }
}
