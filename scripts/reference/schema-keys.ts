import type { z } from "zod";
import { type SchemaNode, toJsonSchema } from "../../src/core/config/schema-node.ts";
import { formatCode, formatTable } from "./markdown.ts";

type KeyNode = SchemaNode & {
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly maxLength?: number;
  readonly anyOf?: readonly KeyNode[];
  readonly propertyNames?: unknown;
};

/** A section of a file: the path and description of a table, and its keys. */
export type KeySection = { readonly path: readonly string[]; readonly about: string; readonly keys: readonly (readonly string[])[] };

const describeRange = ({ minimum, exclusiveMinimum, maximum }: KeyNode): string => {
  const least = minimum ?? exclusiveMinimum;
  if (least === undefined || maximum === undefined) return "";
  return minimum === undefined ? ` above ${least}, at most ${maximum}` : ` from ${least} to ${maximum}`;
};

const describeList = (item: KeyNode): string =>
  item.type === "string" && item.enum === undefined ? "list of strings" : `list of: ${describeKeyType(item)}`;

const describeKeyType = (node: KeyNode): string => {
  if (node.enum) return node.enum.map((each) => formatCode(JSON.stringify(each))).join(" or ");
  if (node.const !== undefined) return formatCode(JSON.stringify(node.const));
  if (node.anyOf) return node.anyOf.map(describeKeyType).join(", or ");
  const words: Readonly<Record<string, string>> = {
    boolean: "`true` or `false`",
    integer: `whole number${describeRange(node)}`,
    number: `number${describeRange(node)}`,
    array: node.items ? describeList(node.items) : "list",
    object: node.properties ? `table of ${Object.keys(node.properties).map(formatCode).join(", ")}` : "table",
    string: "string",
    null: "nothing",
  };
  return words[node.type ?? ""] ?? "any value";
};

const describeDefault = (name: string, node: KeyNode, required: readonly string[]): string => {
  if (required.includes(name)) return "required";
  return node.default === undefined ? "" : formatCode(JSON.stringify(node.default));
};

const isSection = (node: KeyNode): boolean => node.type === "object" && node.properties !== undefined;

/** All sections of a schema in its order, parents first. A key without a description is a fault of the schema. */
export const listKeySections = (schema: z.ZodType): KeySection[] => collectSections(toJsonSchema(schema), []);

const collectSections = (node: KeyNode, path: readonly string[]): KeySection[] => {
  const entries = Object.entries(node.properties ?? {}) as [string, KeyNode][];
  const keys = entries
    .filter(([, each]) => !isSection(each))
    .map(([name, each]) => {
      if (each.description === undefined) throw new Error(`${[...path, name].join(".")} has no description in its schema`);
      return [formatCode(name), describeKeyType(each), describeDefault(name, each, node.required ?? []), each.description];
    });
  const own = keys.length === 0 ? [] : [{ path, about: node.description ?? "", keys }];
  return [...own, ...entries.filter(([, each]) => isSection(each)).flatMap(([name, each]) => collectSections(each, [...path, name]))];
};

export const formatKeyTable = (keys: KeySection["keys"]): string => formatTable(["key", "type", "default", "meaning"], keys);
