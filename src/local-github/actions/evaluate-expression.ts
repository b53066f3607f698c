import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import type { FunctionDefinition } from "@actions/expressions/funcs/info";
import { falsy } from "@actions/expressions/result";
import { isBasicExpression, isMapping } from "@actions/workflow-parser";
import { tokenSource } from "./template-tokens.ts";
import type { TemplateValue } from "./actions-workflow.ts";

export type ExpressionValue = data.ExpressionData;

/** The contexts and status functions that an expression may use. */
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

// The lexer (0.3.61) unescapes only the first doubled quote in a string.
const lexExpression = (expression: string): ReturnType<Lexer["lex"]>["tokens"] =>
  new Lexer(expression)
    .lex()
    .tokens.map((token) => (token.lexeme.startsWith("'") ? { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") } : token));

/** Evaluates an expression without its `${{ }}`. Throws the error of GitHub's parser if the expression is invalid. */
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
  // Results are data, not templates: an expression inside a value is not evaluated again.
  return new data.StringData(tokenSource(template));
};

/** Evaluates a template as text; null results in an empty text. */
export const evaluateText = (template: TemplateValue | null, scope: ExpressionScope): string =>
  template ? evaluateTemplate(template, scope).coerceString() : "";

/** Evaluates a template as a boolean: the text `true`, or an expression with a truthy value. */
export const evaluateBoolean = (template: TemplateValue | null, scope: ExpressionScope): boolean => {
  if (!template) return false;
  return isBasicExpression(template) ? !falsy(evaluateExpression(template.expression, scope)) : tokenSource(template) === "true";
};

/** Evaluates a template as a number; null without a template. Throws if the value is not positive. */
export const evaluateNumber = (template: TemplateValue | null, scope: ExpressionScope): number | null => {
  if (!template) return null;
  const value = evaluateTemplate(template, scope).number();
  if (!(value > 0)) throw new Error(`Expected a number above 0, but got '${evaluateText(template, scope)}'`);
  return value;
};

/** Evaluates the keys and values of a mapping as text, in order. */
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

/** Creates the status functions of a scope. `success` and `failure` receive the job names in the call. */
export const createStatusFunctions = (status: {
  readonly success: (names: readonly string[]) => boolean;
  readonly failure: (names: readonly string[]) => boolean;
  readonly cancelled: boolean;
}): ReadonlyMap<string, FunctionDefinition> =>
  new Map([
    createStatusFunction("success", status.success),
    createStatusFunction("failure", status.failure),
    createStatusFunction("cancelled", () => status.cancelled),
    createStatusFunction("always", () => true),
  ]);

export const NO_FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map();
