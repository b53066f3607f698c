import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import type { FunctionDefinition } from "@actions/expressions/funcs/info";
import { falsy } from "@actions/expressions/result";
import { isBasicExpression, isMapping } from "@actions/workflow-parser";
import { tokenSource } from "./template-tokens.ts";
import type { TemplateValue } from "./actions-workflow.ts";

export type ExpressionValue = data.ExpressionData;

/** What an expression may name: contexts, and the status functions of the place where it stands. */
export type ExpressionScope = {
  readonly contexts: Readonly<Record<string, ExpressionValue>>;
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
};

export const toExpressionValue = (value: unknown): ExpressionValue => {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (Array.isArray(value)) {
    const list = new data.Array();
    for (const item of value) list.add(toExpressionValue(item));
    return list;
  }
  return typeof value === "object"
    ? createDictionary(Object.entries(value).map(([key, item]) => [key, toExpressionValue(item)]))
    : new data.Null();
};

export const createDictionary = (entries: Iterable<readonly [string, ExpressionValue]>): data.Dictionary => {
  const result = new data.Dictionary();
  for (const [key, value] of entries) result.add(key, value);
  return result;
};

// The lexer (0.3.61) replaces only the first of the doubled quotes in a text.
const lexExpression = (expression: string): ReturnType<Lexer["lex"]>["tokens"] =>
  new Lexer(expression)
    .lex()
    .tokens.map((token) => (token.lexeme.startsWith("'") ? { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") } : token));

/** The value of an expression without its `${{ }}`. Throws what GitHub's parser says of one that is not valid. */
const evaluateExpression = (expression: string, scope: ExpressionScope): ExpressionValue => {
  const tree = new Parser(lexExpression(expression), Object.keys(scope.contexts), [...scope.functions.values()]).parse();
  const value: ExpressionValue | undefined = new Evaluator(
    tree,
    createDictionary(Object.entries(scope.contexts)),
    new Map(scope.functions),
  ).evaluate();
  return value ?? new data.Null();
};

export const isConditionTrue = (condition: string, scope: ExpressionScope): boolean => !falsy(evaluateExpression(condition, scope));

const evaluateTemplate = (template: TemplateValue, scope: ExpressionScope): ExpressionValue => {
  if (isBasicExpression(template)) return evaluateExpression(template.expression, scope);
  // Results are data, never templates: an expression inside a value stays the text that it is.
  return new data.StringData(tokenSource(template));
};

/** A template as text; null gives the empty text. */
export const evaluateText = (template: TemplateValue | null, scope: ExpressionScope): string =>
  template ? evaluateTemplate(template, scope).coerceString() : "";

/** A template as a truth: `true`, or an expression whose value is true. */
export const evaluateBoolean = (template: TemplateValue | null, scope: ExpressionScope): boolean => {
  if (!template) return false;
  return isBasicExpression(template) ? !falsy(evaluateExpression(template.expression, scope)) : tokenSource(template) === "true";
};

/** A template as a number; null where there is none. Throws where the value is no positive number. */
export const evaluateNumber = (template: TemplateValue | null, scope: ExpressionScope): number | null => {
  if (!template) return null;
  const value = evaluateTemplate(template, scope).number();
  if (!(value > 0)) throw new Error(`expected a number above 0, got '${evaluateText(template, scope)}'`);
  return value;
};

/** A mapping's keys and values as text, in order. */
export const evaluateEntries = (template: TemplateValue | null, scope: ExpressionScope): readonly (readonly [string, string])[] => {
  if (!template) return [];
  if (isMapping(template)) return [...template].map(({ key, value }) => [evaluateText(key, scope), evaluateText(value, scope)]);
  const value = evaluateTemplate(template, scope);
  return value instanceof data.Dictionary ? value.pairs().map((pair) => [pair.key, pair.value.coerceString()]) : [];
};

const createStatusFunction = (name: string, holds: (names: readonly string[]) => boolean): [string, FunctionDefinition] => [
  name,
  {
    name,
    minArgs: 0,
    maxArgs: Number.MAX_SAFE_INTEGER,
    call: (...args) => new data.BooleanData(holds(args.map((arg) => arg.coerceString()))),
  },
];

/** The status functions of a place; `success` and `failure` get the job names that they were given. */
export const createStatusFunctions = (of: {
  readonly success: (names: readonly string[]) => boolean;
  readonly failure: (names: readonly string[]) => boolean;
  readonly cancelled: boolean;
}): ReadonlyMap<string, FunctionDefinition> =>
  new Map([
    createStatusFunction("success", of.success),
    createStatusFunction("failure", of.failure),
    createStatusFunction("cancelled", () => of.cancelled),
    createStatusFunction("always", () => true),
  ]);

export const NO_FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map();
