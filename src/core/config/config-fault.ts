import type { z } from "zod";
import { findNearestWord } from "../domain/nearest-word.ts";
import { locateTomlKeys } from "./toml-positions.ts";
import { formatExampleValue, findSchemaNode, type SchemaNode, toJsonSchema, describeAllowedValue } from "./schema-node.ts";

/** Codes of faults in roles and in `enki.toml`; each has an example in `test/config/faults`. */
export const FAULT_CODES = ["bad-toml", "unknown-key", "missing-key", "bad-value", "duplicate-name", "too-large"] as const;
type FaultCode = (typeof FAULT_CODES)[number];

/** A fault in a file that people write: the place, the reason and a correction. */
export type ConfigFault = {
  readonly file: string;
  /** Line and column are counted from 1. */
  readonly line: number;
  readonly column: number;
  readonly code: FaultCode;
  readonly why: string;
  readonly suggestion: string;
};

/** A fault in any file that people write for Enki, including workflows. */
export type FileFault = Omit<ConfigFault, "code"> & { readonly code: string };

/** A line in a format known to editors: `file:line:column: …`. */
export const formatFault = ({ file, line, column, code, why, suggestion }: FileFault): string =>
  `${file}:${line}:${column}: ${code}: ${why}; ${suggestion}`;

export type TomlDocument = { readonly path: string; readonly text: string; readonly table: unknown; readonly schema: z.ZodType };

/** Converts a schema error to faults, one for each unknown key. */
export const toConfigFaults = ({ path: file, text, table, schema }: TomlDocument, error: z.ZodError): ConfigFault[] => {
  const placeOf = locateTomlKeys(text);
  const root = toJsonSchema(schema);
  const faults = error.issues.flatMap((issue): ConfigFault[] => {
    const at = (path: readonly PropertyKey[]) => ({ file, ...placeOf(path) });
    if (issue.code !== "unrecognized_keys")
      return [{ ...at(issue.path), ...explainSchemaIssue(issue, findTableValue(table, issue.path), root) }];
    const known = Object.keys(findSchemaNode(root, issue.path).properties ?? {});
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const why = `unknown key ${path.map(String).join(".")}`;
      return { ...at(path), code: "unknown-key", why, suggestion: suggestKey(key, known) };
    });
  });
  return faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
};

const findTableValue = (table: unknown, path: readonly PropertyKey[]): unknown =>
  // A value that is not a table has none of the requested keys.
  path.reduce<unknown>(
    (value, key) => (Object.hasOwn(Object(value), key) ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    table,
  );

const suggestKey = (key: string, known: readonly string[]): string => {
  const nearest = findNearestWord(key, known);
  return nearest === null ? `remove it, or write one of ${known.join(", ")}` : `did you mean ${nearest}?`;
};

type ExplainedIssue = Pick<ConfigFault, "code" | "why" | "suggestion">;

const explainKeyIssue = (name: string, { issues }: z.core.$ZodIssueInvalidKey): ExplainedIssue => ({
  code: "bad-value",
  why: `the key ${name} is wrong: ${issues.map(({ message }) => message).join(", ")}`,
  suggestion: "write another key",
});

const explainSchemaIssue = (issue: z.core.$ZodIssue, value: unknown, root: SchemaNode): ExplainedIssue => {
  const name = issue.path.map(String).join(".");
  const node = findSchemaNode(root, issue.path);
  if (value === undefined)
    return { code: "missing-key", why: `${name} is missing`, suggestion: `add ${name} = ${formatExampleValue(node)}` };
  if (issue.code === "invalid_key") return explainKeyIssue(name, issue);
  const nearest = typeof value === "string" && node.enum ? findNearestWord(value, node.enum) : null;
  const json = JSON.stringify(value) ?? "";
  const cutValue = json.length > 60 ? `${json.slice(0, 60)}…` : json;
  // The schema has its own message for a failed format check.
  const hasOwnMessage = issue.code === "custom" || issue.code === "invalid_format";
  return {
    code: "bad-value",
    why: `${name} cannot be ${cutValue}${hasOwnMessage ? `: ${issue.message}` : ""}`,
    suggestion: hasOwnMessage
      ? `write another ${name}`
      : nearest === null
        ? `write ${describeAllowedValue(node)}`
        : `did you mean ${JSON.stringify(nearest)}?`,
  };
};
