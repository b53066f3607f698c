import { accept, refuse, type Result } from "../../domain/refusal.ts";
import { isJsonObject } from "../read-json.ts";
import { PatternError } from "../compile-pattern.ts";
import type { TemplateBlock, TemplateExpression, Template, TemplateNode } from "./template.ts";
import { TEMPLATE_FUNCTIONS, isTruthy, RoleView, readKey, toText, type TemplateValue } from "./template-value.ts";

/** Values that one rendering may work on: a list in a list of somebody's output could ask for any number. */
const MAX_STEPS = 100_000;
const MAX_OUTPUT_CHARS = 1_000_000;

class RenderError extends Error {}

/** What templates see at their root: `.Args`, `.Item`, … and each role by its name, each looked up when it is read. */
export class TemplateScope {
  readonly look: (key: string) => TemplateValue;
  constructor(look: (key: string) => TemplateValue) {
    this.look = look;
  }
}

type DotValue = TemplateValue | TemplateScope;

/** The dot at the root is the scope itself; below it is a value. */
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

/** How a value that is printed may be made shorter: its text, and how the template names it. */
export type ValueShortener = (text: string, written: string) => string;

const keepWhole: ValueShortener = (text) => text;

type PrintOptions = { readonly strict: boolean; readonly shorten: ValueShortener };

/** One evaluation of a template. */
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

/** Stops as soon as it is too long: a list in a list could ask for any amount. */
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
      return refuse(
        "cannot-render",
        `${name}: ${error.message}`,
        'give a default, such as `{{ default "none" .review.summary }}`, or mend the workflow',
      );
    }
    throw error;
  }
};

/**
 * The text of a prompt. What is in the scope is data: it is printed as it is, never read as a template, whatever it holds.
 * Refusal `cannot-render`: a value that is printed is missing, or the template asks for too much.
 */
export const renderTemplate = (
  name: string,
  template: Template,
  given: TemplateScope | { readonly scope: TemplateScope; readonly shorten: ValueShortener },
): Result<string> => {
  const { scope, shorten } = given instanceof TemplateScope ? { scope: given, shorten: keepWhole } : given;
  return catchRenderErrors(name, () => evaluateTemplate(template, { scope, strict: true, shorten }));
};

/** Whether a guard holds: its text is not empty, `false`, `0`, `no`. What is missing is empty. Refusal `cannot-render`. */
export const evaluateGuard = (name: string, template: Template, scope: TemplateScope): Result<boolean> =>
  catchRenderErrors(name, () => isTruthy(evaluateTemplate(template, { scope, strict: false, shorten: keepWhole })));
