import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import type { FunctionDefinition } from "@actions/expressions/funcs/info";
import { falsy } from "@actions/expressions/result";
import { isBasicExpression, isMapping } from "@actions/workflow-parser";
import { sourceOf } from "./tokens.ts";
import type { Template } from "./workflow.ts";

export type Data = data.ExpressionData;

/** What an expression may name: contexts, and the status functions of the place where it stands. */
export type Scope = { readonly contexts: Readonly<Record<string, Data>>; readonly functions: ReadonlyMap<string, FunctionDefinition> };

export const toData = (value: unknown): Data => {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (Array.isArray(value)) {
    const list = new data.Array();
    for (const item of value) list.add(toData(item));
    return list;
  }
  return typeof value === "object" ? dictionary(Object.entries(value).map(([key, item]) => [key, toData(item)])) : new data.Null();
};

export const dictionary = (entries: Iterable<readonly [string, Data]>): data.Dictionary => {
  const result = new data.Dictionary();
  for (const [key, value] of entries) result.add(key, value);
  return result;
};

// The lexer (0.3.61) replaces only the first of the doubled quotes in a text.
const lex = (expression: string): ReturnType<Lexer["lex"]>["tokens"] =>
  new Lexer(expression)
    .lex()
    .tokens.map((token) => (token.lexeme.startsWith("'") ? { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") } : token));

/** The value of an expression without its `${{ }}`. Throws what GitHub's parser says of one that is not valid. */
const evaluate = (expression: string, scope: Scope): Data => {
  const tree = new Parser(lex(expression), Object.keys(scope.contexts), [...scope.functions.values()]).parse();
  const value: Data | undefined = new Evaluator(tree, dictionary(Object.entries(scope.contexts)), new Map(scope.functions)).evaluate();
  return value ?? new data.Null();
};

export const isTrue = (condition: string, scope: Scope): boolean => !falsy(evaluate(condition, scope));

const valueOf = (template: Template, scope: Scope): Data => {
  if (isBasicExpression(template)) return evaluate(template.expression, scope);
  // Results are data, never templates: an expression inside a value stays the text that it is.
  return new data.StringData(sourceOf(template));
};

/** A template as text; null gives the empty text. */
export const textOf = (template: Template | null, scope: Scope): string => (template ? valueOf(template, scope).coerceString() : "");

/** A template as a truth: `true`, or an expression whose value is true. */
export const truthOf = (template: Template | null, scope: Scope): boolean => {
  if (!template) return false;
  return isBasicExpression(template) ? !falsy(evaluate(template.expression, scope)) : sourceOf(template) === "true";
};

/** A template as a number; null where there is none. Throws where the value is no positive number. */
export const numberOf = (template: Template | null, scope: Scope): number | null => {
  if (!template) return null;
  const value = valueOf(template, scope).number();
  if (!(value > 0)) throw new Error(`expected a number above 0, got '${textOf(template, scope)}'`);
  return value;
};

/** A mapping's keys and values as text, in order. */
export const textsOf = (template: Template | null, scope: Scope): readonly (readonly [string, string])[] => {
  if (!template) return [];
  if (isMapping(template)) return [...template].map(({ key, value }) => [textOf(key, scope), textOf(value, scope)]);
  const value = valueOf(template, scope);
  return value instanceof data.Dictionary ? value.pairs().map((pair) => [pair.key, pair.value.coerceString()]) : [];
};

const status = (name: string, holds: (names: readonly string[]) => boolean): [string, FunctionDefinition] => [
  name,
  {
    name,
    minArgs: 0,
    maxArgs: Number.MAX_SAFE_INTEGER,
    call: (...args) => new data.BooleanData(holds(args.map((arg) => arg.coerceString()))),
  },
];

/** The status functions of a place; `success` and `failure` get the job names that they were given. */
export const statusFunctions = (of: {
  readonly success: (names: readonly string[]) => boolean;
  readonly failure: (names: readonly string[]) => boolean;
  readonly cancelled: boolean;
}): ReadonlyMap<string, FunctionDefinition> =>
  new Map([
    status("success", of.success),
    status("failure", of.failure),
    status("cancelled", () => of.cancelled),
    status("always", () => true),
  ]);

export const NO_FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map();
