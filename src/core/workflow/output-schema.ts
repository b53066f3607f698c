import { Ajv, type ErrorObject } from "ajv";
import { toCanonicalJson } from "../domain/ids.ts";
import type { JsonObject } from "./json.ts";
import { compilePattern, PatternError } from "./pattern.ts";

/** A JSON Schema (draft 7) that was found good. A plain value. */
export type OutputSchema = JsonObject;

const LONGEST = 20_000;
const MOST_PROBLEMS = 10;

/** Patterns are matched in linear time, whoever wrote them and whatever they are matched with. */
const linear = Object.assign(
  (source: string) => {
    const test = compilePattern(source);
    return { test: (text: string) => tested(() => test(text)) };
  },
  { code: "linear" },
);

const tested = (work: () => boolean): boolean => {
  try {
    return work();
  } catch (error) {
    if (error instanceof PatternError) return false;
    throw error;
  }
};

const compile = (schema: OutputSchema) =>
  new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true, code: { regExp: linear }, logger: false }).compile(
    schema,
  );

/**
 * What is wrong with a schema, in one sentence; null when it can be used. It becomes code (so does Ajv), and is therefore small and of keywords that are
 * known: an unknown one and `format` are wrong, and so is any reference (checks would no longer be bounded by the schema's size).
 */
export const schemaProblem = (schema: OutputSchema): string | null => {
  if (toCanonicalJson(schema).length > LONGEST) return `it is longer than ${LONGEST} characters`;
  if (schema["type"] !== "object") return 'its `type` is not "object"';
  if (/"\$(ref|dynamicRef|recursiveRef)":/.test(toCanonicalJson(schema))) return "it holds a `$ref`: write what is meant where it is used";
  try {
    compile(schema);
    return null;
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
};

/** What in a value does not fit a schema: at most ten sentences, none when all does. */
export const checkAgainst = (schema: OutputSchema, value: unknown): string[] => {
  const validate = compile(schema);
  return validate(value) ? [] : (validate.errors ?? []).slice(0, MOST_PROBLEMS).map(sentence);
};

const sentence = ({ instancePath, message = "does not fit", keyword, params }: ErrorObject): string => {
  const where = instancePath === "" ? "The object" : `\`${instancePath.slice(1).replaceAll("/", ".")}\``;
  if (keyword === "enum" && Array.isArray(params["allowedValues"])) {
    return `${where} must be one of ${params["allowedValues"].map((each) => JSON.stringify(each)).join(", ")}.`;
  }
  if (keyword === "const") return `${where} must be ${JSON.stringify(params["allowedValue"])}.`;
  if (keyword === "additionalProperties") return `${where} must not have \`${String(params["additionalProperty"])}\`.`;
  if (keyword === "required") return `${where} must have \`${String(params["missingProperty"])}\`.`;
  return `${where} ${message}.`;
};
