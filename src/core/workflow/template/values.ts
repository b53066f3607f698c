import { isJsonObject, type Json } from "../json.ts";
import { compilePattern } from "../pattern.ts";
import type { FunctionName } from "./syntax.ts";

/** What a role hands to templates: printed it is its output, and it has fields. */
export class RoleView {
  readonly output: string;
  readonly fields: ReadonlyMap<string, Json>;
  /** False for a role that was skipped, failed or has not run: each of its fields is then an empty text instead of a missing one. */
  readonly whole: boolean;
  constructor(output: string, fields: ReadonlyMap<string, Json>, whole: boolean) {
    this.output = output;
    this.fields = fields;
    this.whole = whole;
  }
}

/** A value in a template; undefined is what is not there. */
export type Value = Json | RoleView | undefined;

/** Follows one key; own keys only, so that nothing of JavaScript is ever found. */
export const step = (value: Value, key: string): Value => {
  if (value instanceof RoleView) return value.fields.has(key) || value.whole ? value.fields.get(key) : "";
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
};

/** A value as it is printed: lists and objects as compact JSON, null as nothing. */
export const toText = (value: Value): string => {
  if (value === undefined || value === null) return "";
  if (value instanceof RoleView) return value.output;
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
};

const FALSE_TEXTS = new Set(["", "false", "0", "no", "<no value>"]);

/** False for nothing, and for what reads as empty, false, 0 or no; the same for a guard's text and for `if`. */
export const isTrue = (value: Value): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value) && !(value instanceof RoleView)) return Object.keys(value).length > 0;
  return !FALSE_TEXTS.has(toText(value).trim().toLowerCase());
};

const toNumber = (value: Value): number | null => {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\s*[+-]?\d{1,300}(\.\d{1,300})?(e[+-]?\d{1,3})?\s*$/i.test(value) ? Number(value) : null;
};

/** Numbers are compared as numbers when at least one side is one; two texts are compared as texts, so that version 1.10 is not 1.1. What is missing equals nothing. */
const isEqual = (a: Value, b: Value): boolean => {
  if (a === undefined || b === undefined) return false;
  if (typeof a === "number" || typeof b === "number") {
    const [left, right] = [toNumber(a), toNumber(b)];
    if (left !== null && right !== null) return left === right;
  }
  return toText(a) === toText(b);
};

/** Below 0, 0 or above; null where there is no order: of what is missing, and of a number and a text that is none. */
const order = (a: Value, b: Value): number | null => {
  const [left, right] = [toNumber(a), toNumber(b)];
  if (left !== null && right !== null) return left - right;
  if (typeof a !== "string" || typeof b !== "string") return null;
  if (a === b) return 0;
  return a < b ? -1 : 1;
};

const ordered = (a: Value, b: Value, holds: (difference: number) => boolean): boolean => {
  const difference = order(a, b);
  return difference !== null && holds(difference);
};

const contains = (whole: Value, part: Value): boolean => {
  if (whole === undefined || part === undefined) return false;
  if (Array.isArray(whole)) return whole.some((each: Json) => isEqual(each, part));
  return toText(whole).toLowerCase().includes(toText(part).toLowerCase());
};

/** The first that is so, else the last: the value itself may well be one that is missing. */
const firstIndex = (args: readonly Value[], is: (value: Value) => boolean): number => {
  const found = args.findIndex(is);
  return found === -1 ? args.length - 1 : found;
};

const length = (value: Value): number => {
  if (Array.isArray(value)) return value.length;
  if (isJsonObject(value) && !(value instanceof RoleView)) return Object.keys(value).length;
  return Array.from(toText(value)).length;
};

/** The functions of the language. `matches` throws PatternError. */
export const CALLS: Readonly<Record<FunctionName, (...args: Value[]) => Value>> = {
  eq: (a, ...others) => others.some((each) => isEqual(a, each)),
  ne: (a, b) => !isEqual(a, b),
  lt: (a, b) => ordered(a, b, (difference) => difference < 0),
  le: (a, b) => ordered(a, b, (difference) => difference <= 0),
  gt: (a, b) => ordered(a, b, (difference) => difference > 0),
  ge: (a, b) => ordered(a, b, (difference) => difference >= 0),
  and: (...args) => args[firstIndex(args, (each) => !isTrue(each))],
  or: (...args) => args[firstIndex(args, isTrue)],
  not: (value) => !isTrue(value),
  contains,
  matches: (subject, pattern) => subject !== undefined && compilePattern(toText(pattern))(toText(subject)),
  default: (fallback, value) => (toText(value) === "" ? fallback : value),
  len: length,
};
