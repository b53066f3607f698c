/** The value of a JSON text; undefined for any other text. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type JsonRecord = Readonly<Record<string, unknown>>;

/** The fields of a value; null unless it is an object of JSON. */
export const toRecord = (value: unknown): JsonRecord | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonRecord) : null;

/** The fields of a JSON text; null unless it is an object. */
export const parseJsonRecord = (text: string): JsonRecord | null => toRecord(parseJson(text));
