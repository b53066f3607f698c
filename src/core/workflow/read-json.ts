export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

/** Deeper values are rejected, since every function that walks a value is recursive. */
const MAX_JSON_DEPTH = 50;

export const isJsonObject = (value: unknown): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);

/** Whether a valid JSON text is nested too deeply. */
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
 * Parses a JSON text. Returns null for invalid or too deeply nested JSON. An integer too large to be exact stays text: a rounded id is a wrong id.
 */
export const readJson = (text: string): { readonly value: JsonValue } | null => {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  // Search valid JSON only: an unterminated string would make the pattern try every start.
  if (isTooDeep(text)) return null;
  const exact = text.replace(/"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g, (part) =>
    part.startsWith('"') || Number.isSafeInteger(Number(part)) ? part : `"${part}"`,
  );
  return { value: JSON.parse(exact) as JsonValue }; // what JSON.parse gives is JSON
};
