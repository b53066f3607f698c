import { isMapping, isScalar, isSequence } from "@actions/workflow-parser";
import type { Template } from "./workflow.ts";

export type Fields = ReadonlyMap<string, Template>;

/** A scalar as it stands in the file, its expressions not evaluated; empty for anything else. */
export const sourceOf = (token: Template | null | undefined): string => (token && isScalar(token) ? token.toString() : "");

/** Keys and values of a mapping; empty for anything else. */
export const fieldsOf = (token: Template | null | undefined): Fields =>
  new Map(token && isMapping(token) ? [...token].map(({ key, value }) => [sourceOf(key), value]) : []);

/** The items of a sequence; a single value is one item. */
export const itemsOf = (token: Template | null | undefined): readonly Template[] => {
  if (!token) return [];
  return isSequence(token) ? [...token] : [token];
};
