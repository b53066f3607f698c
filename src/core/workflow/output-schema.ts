import { Ajv, type ErrorObject } from "ajv";
import { toCanonicalJson } from "../domain/ids.ts";
import type { JsonObject } from "./read-json.ts";
import { compilePattern, PatternError } from "./compile-pattern.ts";

/** A JSON Schema (draft 7) that was found good. A plain value. */
export type OutputSchema = JsonObject;

const MAX_SCHEMA_CHARS = 20_000;
const MAX_PROBLEMS = 10;

/** Patterns are matched in linear time, whoever wrote them and whatever they are matched with. */
const LINEAR_REGEXP = Object.assign(
  (source: string) => {
    const test = compilePattern(source);
    return { test: (text: string) => matchSafely(() => test(text)) };
  },
  { code: "linear" },
);

const matchSafely = (work: () => boolean): boolean => {
  try {
    return work();
  } catch (error) {
    if (error instanceof PatternError) return false;
    throw error;
  }
};

const compileSchema = (schema: OutputSchema) =>
  new Ajv({
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allErrors: true,
    code: { regExp: LINEAR_REGEXP },
    logger: false,
  }).compile(schema);

/**
 * What is wrong with a schema, in one sentence; null when it can be used. It becomes code (so does Ajv), and is therefore small and of keywords that are
 * known: an unknown one and `format` are wrong, and so is any reference (checks would no longer be bounded by the schema's size).
 */
export const findSchemaProblem = (schema: OutputSchema): string | null => {
  if (toCanonicalJson(schema).length > MAX_SCHEMA_CHARS) return `it is longer than ${MAX_SCHEMA_CHARS} characters`;
  if (schema["type"] !== "object") return 'its `type` is not "object"';
  if (/"\$(ref|dynamicRef|recursiveRef)":/.test(toCanonicalJson(schema))) return "it holds a `$ref`: write what is meant where it is used";
  try {
    compileSchema(schema);
    return null;
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
};

/** What in a value does not fit a schema: at most ten sentences, none when all does. */
export const findMismatches = (schema: OutputSchema, value: unknown): string[] => {
  const validate = compileSchema(schema);
  return validate(value) ? [] : (validate.errors ?? []).slice(0, MAX_PROBLEMS).map(describeMismatch);
};

const describeMismatch = ({ instancePath, message = "does not fit", keyword, params }: ErrorObject): string => {
  const where = instancePath === "" ? "The object" : `\`${instancePath.slice(1).replaceAll("/", ".")}\``;
  if (keyword === "enum" && Array.isArray(params["allowedValues"])) {
    return `${where} must be one of ${params["allowedValues"].map((each) => JSON.stringify(each)).join(", ")}.`;
  }
  if (keyword === "const") return `${where} must be ${JSON.stringify(params["allowedValue"])}.`;
  if (keyword === "additionalProperties") return `${where} must not have \`${String(params["additionalProperty"])}\`.`;
  if (keyword === "required") return `${where} must have \`${String(params["missingProperty"])}\`.`;
  return `${where} ${message}.`;
};
