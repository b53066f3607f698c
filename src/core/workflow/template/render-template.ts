import { refuseTemplate } from "../../messages/refusals/workflows.ts";
import { accept, type Result } from "../../domain/refusal.ts";
import { isJsonObject } from "../read-json.ts";
import { PatternError } from "../compile-pattern.ts";
import type { TemplateBlock, TemplateExpression, Template, TemplateNode } from "./template.ts";
import { TEMPLATE_FUNCTIONS, isTruthy, RoleView, readKey, toText, type TemplateValue } from "./template-value.ts";

/** Maximum number of values visited by a rendering: nested lists of untrusted output could otherwise multiply without limit. */
const MAX_STEPS = 100_000;
const MAX_OUTPUT_CHARS = 1_000_000;

class RenderError extends Error {}

/** The root of a template: `.Args`, `.Item`, … and each role by name. Values are looked up when they are read. */
export class TemplateScope {
  readonly look: (key: string) => TemplateValue;
  constructor(look: (key: string) => TemplateValue) {
    this.look = look;
  }
}

type DotValue = TemplateValue | TemplateScope;

/** At the root the dot is the scope itself; below it is a value. */
const readPath = (from: DotValue, keys: readonly string[]): TemplateValue => {
  const [first, ...rest] = keys;
  if (!(from instanceof TemplateScope)) return keys.reduce<TemplateValue>(readKey, from);
  if (first === undefined) throw new RenderError("`.` alone is everything: name what is meant, such as `.Args`");
  return rest.reduce<TemplateValue>(readKey, from.look(first));
};

const listRangeItems = (value: TemplateValue, line: number): readonly TemplateValue[] => {
  if (value === undefined || value === null || value === "") return [];
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value) || value instanceof RoleView) throw new RenderError(`line ${line}: \`range\` needs a list`);
  return Object.keys(value)
    .sort()
    .map((key) => readKey(value, key));
};

/** Shortens a printed value; `written` is the expression in the template. */
export type ValueShortener = (text: string, written: string) => string;

const keepWhole: ValueShortener = (text) => text;

type PrintOptions = { readonly strict: boolean; readonly shorten: ValueShortener };

type Evaluation = PrintOptions & { readonly root: TemplateScope; steps: number };

const countStep = (evaluation: Evaluation): void => {
  evaluation.steps += 1;
  if (evaluation.steps > MAX_STEPS) throw new RenderError(`it works on more than ${MAX_STEPS} values`);
};

const evaluate = (evaluation: Evaluation, expression: TemplateExpression, dot: DotValue): TemplateValue => {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "path":
      countStep(evaluation);
      return readPath(expression.from === "root" ? evaluation.root : dot, expression.keys);
    case "call":
      countStep(evaluation);
      return TEMPLATE_FUNCTIONS[expression.name](...expression.args.map((arg) => evaluate(evaluation, arg, dot)));
  }
};

const writeNodes = (evaluation: Evaluation, nodes: readonly TemplateNode[], dot: DotValue): string =>
  nodes.reduce((text, node) => requireLength(text + writeNode(evaluation, node, dot)), "");

const writeNode = (evaluation: Evaluation, node: TemplateNode, dot: DotValue): string => {
  if (node.kind === "text") return node.text;
  const value = evaluate(evaluation, node.value, dot);
  if (node.kind !== "print") return writeBlock(evaluation, node, { value, dot });
  if (value === undefined && evaluation.strict) throw new RenderError(`line ${node.line}: \`{{ ${node.written} }}\` has no value`);
  return evaluation.shorten(toText(value), node.written);
};

const writeBlock = (
  evaluation: Evaluation,
  block: TemplateBlock,
  { value, dot }: { readonly value: TemplateValue; readonly dot: DotValue },
): string => {
  if (block.kind !== "range") {
    if (!isTruthy(value)) return writeNodes(evaluation, block.otherwise, dot);
    return writeNodes(evaluation, block.body, block.kind === "with" ? value : dot);
  }
  const list = listRangeItems(value, block.line);
  if (list.length === 0) return writeNodes(evaluation, block.otherwise, dot);
  return writeRepeated(list, (each) => {
    countStep(evaluation);
    return writeNodes(evaluation, block.body, each);
  });
};

/** Stops when the text is too long, since nested lists could otherwise multiply without limit. */
const writeRepeated = (list: readonly TemplateValue[], write: (each: TemplateValue) => string): string => {
  let text = "";
  for (const each of list) text = requireLength(text + write(each));
  return text;
};

const requireLength = (text: string): string => {
  if (text.length > MAX_OUTPUT_CHARS) throw new RenderError(`its text is longer than ${MAX_OUTPUT_CHARS} characters`);
  return text;
};

const evaluateTemplate = (template: Template, { scope, ...printing }: PrintOptions & { readonly scope: TemplateScope }): string =>
  writeNodes({ ...printing, root: scope, steps: 0 }, template.nodes, scope);

const catchRenderErrors = <T>(name: string, work: () => T): Result<T> => {
  try {
    return accept(work());
  } catch (error) {
    if (error instanceof RenderError || error instanceof PatternError) {
      return refuseTemplate(name, error.message);
    }
    throw error;
  }
};

/**
 * Renders a prompt. Values are data: they are printed unchanged and never read as templates.
 * Refuses with `cannot-render` if a printed value is missing, or if a limit is exceeded.
 */
export const renderTemplate = (
  name: string,
  template: Template,
  given: TemplateScope | { readonly scope: TemplateScope; readonly shorten: ValueShortener },
): Result<string> => {
  const { scope, shorten } = given instanceof TemplateScope ? { scope: given, shorten: keepWhole } : given;
  return catchRenderErrors(name, () => evaluateTemplate(template, { scope, strict: true, shorten }));
};

/** Whether a condition holds: its text is not empty, `false`, `0` or `no`. Missing values are empty. May refuse with `cannot-render`. */
export const evaluateGuard = (name: string, template: Template, scope: TemplateScope): Result<boolean> =>
  catchRenderErrors(name, () => isTruthy(evaluateTemplate(template, { scope, strict: false, shorten: keepWhole })));
