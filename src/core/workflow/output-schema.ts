import { Ajv, type ErrorObject } from "ajv";
import { toCanonicalJson } from "../domain/ids.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./read-json.ts";
import { compilePattern, PatternError } from "./compile-pattern.ts";

/** A valid JSON Schema (draft 7). A plain value. */
export type OutputSchema = JsonObject;

const MAX_SCHEMA_CHARS = 20_000;
const MAX_PROBLEMS = 10;

/** RE2 patterns, since Ajv's default backtracks: matching time stays linear for any pattern and text. */
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

const REFERENCE_KEYS: ReadonlySet<string> = new Set(["$ref", "$dynamicRef", "$recursiveRef"]);

/** Whether a reference occurs at any depth. A loop, since a hostile schema may be nested too deeply for recursion. */
const hasReference = (schema: OutputSchema): boolean => {
  const open: JsonValue[] = [schema];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (Array.isArray(value)) open.push(...value);
    else if (isJsonObject(value)) {
      if (Object.keys(value).some((key) => REFERENCE_KEYS.has(key))) return true;
      open.push(...Object.values(value));
    }
  }
  return false;
};

/**
 * Finds the problem of a schema, in one sentence; null if the schema can be used. Ajv compiles a schema to code, so schemas are small and use known
 * keywords only. `format` is not known. References are rejected, since the cost of a check would no longer be bounded by the schema's size.
 */
export const findSchemaProblem = (schema: OutputSchema): string | null => {
  if (toCanonicalJson(schema).length > MAX_SCHEMA_CHARS) return `it is longer than ${MAX_SCHEMA_CHARS} characters`;
  if (schema["type"] !== "object") return 'its `type` is not "object"';
  if (hasReference(schema)) return "it holds a `$ref`: write what is meant where it is used";
  try {
    compileSchema(schema);
    return null;
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
};

/** Mismatches of a value with a schema, at most ten sentences. */
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
