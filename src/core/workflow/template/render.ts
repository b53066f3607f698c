import { accept, refuse, type Result } from "../../domain/refusal.ts";
import { isJsonObject } from "../json.ts";
import { PatternError } from "../pattern.ts";
import type { Block, Expression, Template, TemplateNode } from "./syntax.ts";
import { CALLS, isTrue, RoleView, step, toText, type Value } from "./values.ts";

/** Values that one rendering may work on: a list in a list of somebody's output could ask for any number. */
const MOST_STEPS = 100_000;
const LONGEST = 1_000_000;

class RenderError extends Error {}

/** What templates see at their root: `.Args`, `.Item`, … and each role by its name, each looked up when it is read. */
export class Scope {
  readonly look: (key: string) => Value;
  constructor(look: (key: string) => Value) {
    this.look = look;
  }
}

type Dot = Value | Scope;

/** The dot at the root is the scope itself; below it is a value. */
const follow = (from: Dot, keys: readonly string[]): Value => {
  const [first, ...rest] = keys;
  if (!(from instanceof Scope)) return keys.reduce<Value>(step, from);
  if (first === undefined) throw new RenderError("`.` alone is everything: name what is meant, such as `.Args`");
  return rest.reduce<Value>(step, from.look(first));
};

const items = (value: Value, line: number): readonly Value[] => {
  if (value === undefined || value === null || value === "") return [];
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value) || value instanceof RoleView) throw new RenderError(`line ${line}: \`range\` needs a list`);
  return Object.keys(value)
    .sort()
    .map((key) => step(value, key));
};

/** How a value that is printed may be made shorter: its text, and how the template names it. */
export type Shorten = (text: string, written: string) => string;

const whole: Shorten = (text) => text;

type Printing = { readonly strict: boolean; readonly shorten: Shorten };

/** One evaluation of a template. */
type Evaluation = Printing & { readonly root: Scope; steps: number };

const countStep = (evaluation: Evaluation): void => {
  evaluation.steps += 1;
  if (evaluation.steps > MOST_STEPS) throw new RenderError(`it works on more than ${MOST_STEPS} values`);
};

const evaluate = (evaluation: Evaluation, expression: Expression, dot: Dot): Value => {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "path":
      countStep(evaluation);
      return follow(expression.from === "root" ? evaluation.root : dot, expression.keys);
    case "call":
      countStep(evaluation);
      return CALLS[expression.name](...expression.args.map((arg) => evaluate(evaluation, arg, dot)));
  }
};

const writeNodes = (evaluation: Evaluation, nodes: readonly TemplateNode[], dot: Dot): string =>
  nodes.reduce((text, node) => limited(text + writeNode(evaluation, node, dot)), "");

const writeNode = (evaluation: Evaluation, node: TemplateNode, dot: Dot): string => {
  if (node.kind === "text") return node.text;
  const value = evaluate(evaluation, node.value, dot);
  if (node.kind !== "print") return writeBlock(evaluation, node, { value, dot });
  if (value === undefined && evaluation.strict) throw new RenderError(`line ${node.line}: \`{{ ${node.written} }}\` has no value`);
  return evaluation.shorten(toText(value), node.written);
};

const writeBlock = (evaluation: Evaluation, block: Block, { value, dot }: { readonly value: Value; readonly dot: Dot }): string => {
  if (block.kind !== "range") {
    if (!isTrue(value)) return writeNodes(evaluation, block.otherwise, dot);
    return writeNodes(evaluation, block.body, block.kind === "with" ? value : dot);
  }
  const list = items(value, block.line);
  if (list.length === 0) return writeNodes(evaluation, block.otherwise, dot);
  return repeated(list, (each) => {
    countStep(evaluation);
    return writeNodes(evaluation, block.body, each);
  });
};

/** Stops as soon as it is too long: a list in a list could ask for any amount. */
const repeated = (list: readonly Value[], write: (each: Value) => string): string => {
  let text = "";
  for (const each of list) text = limited(text + write(each));
  return text;
};

const limited = (text: string): string => {
  if (text.length > LONGEST) throw new RenderError(`its text is longer than ${LONGEST} characters`);
  return text;
};

const run = (template: Template, { scope, ...printing }: Printing & { readonly scope: Scope }): string =>
  writeNodes({ ...printing, root: scope, steps: 0 }, template.nodes, scope);

const attempt = <T>(name: string, work: () => T): Result<T> => {
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
  given: Scope | { readonly scope: Scope; readonly shorten: Shorten },
): Result<string> => {
  const { scope, shorten } = given instanceof Scope ? { scope: given, shorten: whole } : given;
  return attempt(name, () => run(template, { scope, strict: true, shorten }));
};

/** Whether a guard holds: its text is not empty, `false`, `0`, `no`. What is missing is empty. Refusal `cannot-render`. */
export const holdsTemplate = (name: string, template: Template, scope: Scope): Result<boolean> =>
  attempt(name, () => isTrue(run(template, { scope, strict: false, shorten: whole })));
