export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

/** Deeper values are not read: everything that walks over one recurses. */
const MAX_JSON_DEPTH = 50;

export const isJsonObject = (value: unknown): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);

/** True when brackets in a text, which is JSON, are nested more deeply than anything here walks. */
const isTooDeep = (text: string): boolean => {
  let depth = 0;
  for (const [part] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (part === "[" || part === "{") depth += 1;
    if (part === "]" || part === "}") depth -= 1;
    if (depth > MAX_JSON_DEPTH) return true;
  }
  return false;
};

/**
 * A JSON text as a value; null where it is none, or too deep. A whole number that is too large to be exact is kept as text: a shortened id is a wrong id.
 */
export const readJson = (text: string): { readonly value: JsonValue } | null => {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  // Only a text that is JSON is searched: of strings that are never closed this would try each to the end.
  if (isTooDeep(text)) return null;
  const exact = text.replace(/"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g, (part) =>
    part.startsWith('"') || Number.isSafeInteger(Number(part)) ? part : `"${part}"`,
  );
  return { value: JSON.parse(exact) as JsonValue }; // what JSON.parse gives is JSON
};
