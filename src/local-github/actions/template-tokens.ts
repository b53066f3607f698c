import { isMapping, isScalar, isSequence } from "@actions/workflow-parser";
import type { TemplateValue } from "./actions-workflow.ts";

export type TokenFields = ReadonlyMap<string, TemplateValue>;

/** The text of a scalar with its expressions unevaluated; empty for other tokens. */
export const tokenSource = (token: TemplateValue | null | undefined): string => (token && isScalar(token) ? token.toString() : "");

/** The keys and values of a mapping; empty for other tokens. */
export const tokenFields = (token: TemplateValue | null | undefined): TokenFields =>
  new Map(token && isMapping(token) ? [...token].map(({ key, value }) => [tokenSource(key), value]) : []);

/** The items of a sequence. A single value counts as one item. */
export const tokenItems = (token: TemplateValue | null | undefined): readonly TemplateValue[] => {
  if (!token) return [];
  return isSequence(token) ? [...token] : [token];
};
