import type { z } from "zod";
import { nearest } from "../model/nearest.ts";
import { findPlaces } from "./places.ts";
import { exampleOf, nodeAt, type SchemaNode, toJsonSchema, whatToWrite } from "./schema-node.ts";

/** Every kind of mistake that is found in roles and in `enki.toml`; each has an example in `test/config/faults`. */
export const FAULT_CODES = ["bad-toml", "unknown-key", "missing-key", "bad-value", "duplicate-name"] as const;
type FaultCode = (typeof FAULT_CODES)[number];

/** A mistake in a file that people write: where it is, what it is, and what to write instead. */
export type ConfigFault = {
  readonly file: string;
  /** Line and column are counted from 1. */
  readonly line: number;
  readonly column: number;
  readonly code: FaultCode;
  readonly why: string;
  readonly suggestion: string;
};

/** A mistake in any file that people write for Enki, workflows among them. */
export type WrittenFault = Omit<ConfigFault, "code"> & { readonly code: string };

/** A fault on one line, as editors and people read it. */
export const writeFault = ({ file, line, column, code, why, suggestion }: WrittenFault): string =>
  `${file}:${line}:${column}: ${code}: ${why}; ${suggestion}`;

export type Written = { readonly path: string; readonly text: string; readonly table: unknown; readonly schema: z.ZodType };

/** A schema's complaint as faults, one for each unknown key. */
export const toFaults = ({ path: file, text, table, schema }: Written, error: z.ZodError): ConfigFault[] => {
  const placeOf = findPlaces(text);
  const root = toJsonSchema(schema);
  const faults = error.issues.flatMap((issue): ConfigFault[] => {
    const at = (path: readonly PropertyKey[]) => ({ file, ...placeOf(path) });
    if (issue.code !== "unrecognized_keys") return [{ ...at(issue.path), ...explain(issue, valueAt(table, issue.path), root) }];
    const known = Object.keys(nodeAt(root, issue.path).properties ?? {});
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const why = `unknown key ${path.map(String).join(".")}`;
      return { ...at(path), code: "unknown-key", why, suggestion: meant(key, known) };
    });
  });
  return faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
};

const valueAt = (table: unknown, path: readonly PropertyKey[]): unknown =>
  // What is not a table has none of the keys that are looked for.
  path.reduce<unknown>(
    (value, key) => (Object.hasOwn(Object(value), key) ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    table,
  );

const meant = (key: string, known: readonly string[]): string => {
  const close = nearest(key, known);
  return close === null ? `remove it, or write one of ${known.join(", ")}` : `did you mean ${close}?`;
};

const explain = (issue: z.core.$ZodIssue, value: unknown, root: SchemaNode): Pick<ConfigFault, "code" | "why" | "suggestion"> => {
  const name = issue.path.map(String).join(".");
  const node = nodeAt(root, issue.path);
  if (value === undefined) return { code: "missing-key", why: `${name} is missing`, suggestion: `add ${name} = ${exampleOf(node)}` };
  const close = typeof value === "string" && node.enum ? nearest(value, node.enum) : null;
  const shown = JSON.stringify(value) ?? "";
  const given = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
  // Of a form that is not met, the schema has words of its own.
  const formed = issue.code === "custom" || issue.code === "invalid_format";
  return {
    code: "bad-value",
    why: `${name} cannot be ${given}${formed ? `: ${issue.message}` : ""}`,
    suggestion: formed ? `write another ${name}` : close === null ? `write ${whatToWrite(node)}` : `did you mean ${JSON.stringify(close)}?`,
  };
};
