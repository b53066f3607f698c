import { isJsonObject, type JsonValue } from "../read-json.ts";
import { compilePattern } from "../compile-pattern.ts";
import type { FunctionName } from "./template.ts";

/** A role as templates see it: printed, it is its output; its keys are its fields. */
export class RoleView {
  readonly output: string;
  readonly fields: ReadonlyMap<string, JsonValue>;
  /** Whether the role has succeeded. If not, its missing fields are empty instead of undefined. */
  readonly isComplete: boolean;
  constructor(output: string, fields: ReadonlyMap<string, JsonValue>, isComplete: boolean) {
    this.output = output;
    this.fields = fields;
    this.isComplete = isComplete;
  }
}

/** A value in a template; undefined if it is missing. */
export type TemplateValue = JsonValue | RoleView | undefined;

/** Reads one own key; inherited JavaScript properties are never found. */
export const readKey = (value: TemplateValue, key: string): TemplateValue => {
  if (value instanceof RoleView) return value.fields.has(key) || value.isComplete ? value.fields.get(key) : "";
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
};

/** The printed form of a value: compact JSON for lists and objects, empty for null. */
export const toText = (value: TemplateValue): string => {
  if (value === undefined || value === null) return "";
  if (value instanceof RoleView) return value.output;
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
};

const FALSE_TEXTS = new Set(["", "false", "0", "no", "<no value>"]);

/** Whether a value counts as true, in `if` and in conditions. Empty values and the texts `false`, `0` and `no` do not. */
export const isTruthy = (value: TemplateValue): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value) && !(value instanceof RoleView)) return Object.keys(value).length > 0;
  return !FALSE_TEXTS.has(toText(value).trim().toLowerCase());
};

const toNumber = (value: TemplateValue): number | null => {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\s*[+-]?\d{1,300}(\.\d{1,300})?(e[+-]?\d{1,3})?\s*$/i.test(value) ? Number(value) : null;
};

/**
 * Compares as numbers if at least one side is a number, otherwise as texts, so that version 1.10 is not 1.1. A missing value is equal to no
 * value.
 */
const isEqual = (a: TemplateValue, b: TemplateValue): boolean => {
  if (a === undefined || b === undefined) return false;
  if (typeof a === "number" || typeof b === "number") {
    const [left, right] = [toNumber(a), toNumber(b)];
    if (left !== null && right !== null) return left === right;
  }
  return toText(a) === toText(b);
};

/** Negative, zero or positive; null if the values have no order, for example a missing value, or a number and a text. */
const compareValues = (a: TemplateValue, b: TemplateValue): number | null => {
  const [left, right] = [toNumber(a), toNumber(b)];
  if (left !== null && right !== null) return left - right;
  if (typeof a !== "string" || typeof b !== "string") return null;
  if (a === b) return 0;
  return a < b ? -1 : 1;
};

const isOrdered = (a: TemplateValue, b: TemplateValue, holds: (difference: number) => boolean): boolean => {
  const difference = compareValues(a, b);
  return difference !== null && holds(difference);
};

const containsValue = (whole: TemplateValue, part: TemplateValue): boolean => {
  if (whole === undefined || part === undefined) return false;
  if (Array.isArray(whole)) return whole.some((each: JsonValue) => isEqual(each, part));
  return toText(whole).toLowerCase().includes(toText(part).toLowerCase());
};

/** The index of the first match, or of the last argument. An index, since the value itself may be undefined. */
const findFirstIndex = (args: readonly TemplateValue[], is: (value: TemplateValue) => boolean): number => {
  const found = args.findIndex(is);
  return found === -1 ? args.length - 1 : found;
};

const lengthOf = (value: TemplateValue): number => {
  if (Array.isArray(value)) return value.length;
  if (isJsonObject(value) && !(value instanceof RoleView)) return Object.keys(value).length;
  return Array.from(toText(value)).length;
};

/** The template functions. `matches` throws PatternError. */
export const TEMPLATE_FUNCTIONS: Readonly<Record<FunctionName, (...args: TemplateValue[]) => TemplateValue>> = {
  eq: (a, ...others) => others.some((each) => isEqual(a, each)),
  ne: (a, b) => !isEqual(a, b),
  lt: (a, b) => isOrdered(a, b, (difference) => difference < 0),
  le: (a, b) => isOrdered(a, b, (difference) => difference <= 0),
  gt: (a, b) => isOrdered(a, b, (difference) => difference > 0),
  ge: (a, b) => isOrdered(a, b, (difference) => difference >= 0),
  and: (...args) => args[findFirstIndex(args, (each) => !isTruthy(each))],
  or: (...args) => args[findFirstIndex(args, isTruthy)],
  not: (value) => !isTruthy(value),
  contains: containsValue,
  matches: (subject, pattern) => subject !== undefined && compilePattern(toText(pattern))(toText(subject)),
  default: (fallback, value) => (toText(value) === "" ? fallback : value),
  len: lengthOf,
};
