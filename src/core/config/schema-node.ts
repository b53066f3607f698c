import { z } from "zod";

/** The JSON Schema keywords that restrict a value. */
export type SchemaNode = {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
};

/** The JSON Schema of a schema's input: keys with a default are optional. */
export const toJsonSchema = (schema: z.ZodType): SchemaNode & Readonly<Record<string, unknown>> =>
  // zod returns plain JSON with more keys than the type names.
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as SchemaNode & Record<string, unknown>;

/** The schema of the value at a path; empty if undefined. */
export const findSchemaNode = (root: SchemaNode, path: readonly PropertyKey[]): SchemaNode =>
  path.reduce<SchemaNode>((node, key) => {
    if (typeof key === "number") return node.items ?? {};
    const property = Object.hasOwn(node.properties ?? {}, key) ? node.properties?.[String(key)] : undefined;
    return property ?? (typeof node.additionalProperties === "object" ? node.additionalProperties : {});
  }, root);

/** Describes allowed values, as a continuation of "write". */
export const describeAllowedValue = (node: SchemaNode): string => {
  if (node.enum) return node.enum.map((each) => JSON.stringify(each)).join(" or ");
  const words: Readonly<Record<string, string>> = {
    boolean: "true or false",
    string: (node.minLength ?? 0) > 0 ? "a non-empty string" : "a string in quotes",
    array: `a list: ${formatExampleValue(node)}`,
    object: "a table",
    integer: `a whole number${formatNumberRange(node)}`,
    number: `a number${formatNumberRange(node)}`,
  };
  return words[node.type ?? ""] ?? "another value";
};

/** An example value in TOML. */
export const formatExampleValue = (node: SchemaNode): string => {
  if (node.enum) return JSON.stringify(node.enum[0]);
  if (node.type === "array") return `[${formatExampleValue(node.items ?? {})}]`;
  const examples: Readonly<Record<string, string>> = { boolean: "true", string: '"…"', object: "{ … }" };
  return examples[node.type ?? ""] ?? String(node.minimum ?? 1);
};

const formatNumberRange = ({ minimum, exclusiveMinimum, maximum }: SchemaNode): string => {
  const least = minimum ?? exclusiveMinimum;
  if (least === undefined || maximum === undefined) return "";
  return minimum === undefined ? ` above ${least}, at most ${maximum}` : ` from ${least} to ${maximum}`;
};
