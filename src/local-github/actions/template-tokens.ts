import { isMapping, isScalar, isSequence } from "@actions/workflow-parser";
import type { TemplateValue } from "./actions-workflow.ts";

export type TokenFields = ReadonlyMap<string, TemplateValue>;

/** A scalar as it stands in the file, its expressions not evaluated; empty for anything else. */
export const tokenSource = (token: TemplateValue | null | undefined): string => (token && isScalar(token) ? token.toString() : "");

/** Keys and values of a mapping; empty for anything else. */
export const tokenFields = (token: TemplateValue | null | undefined): TokenFields =>
  new Map(token && isMapping(token) ? [...token].map(({ key, value }) => [tokenSource(key), value]) : []);

/** The items of a sequence; a single value is one item. */
export const tokenItems = (token: TemplateValue | null | undefined): readonly TemplateValue[] => {
  if (!token) return [];
  return isSequence(token) ? [...token] : [token];
};
