/** A file of JSON as a record; null if the text is missing or is something else. */
export const readJsonRecord = (text: string | null): Readonly<Record<string, unknown>> | null => {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
};

export const readTextField = (record: Readonly<Record<string, unknown>>, key: string): string | null => {
  const value = Object.hasOwn(record, key) ? record[key] : undefined;
  return typeof value === "string" ? value : null;
};
