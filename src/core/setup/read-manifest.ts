import { parseJsonRecord } from "../domain/parse-json.ts";

/** A file of JSON as a record; null if the text is missing or is something else. */
export const readJsonRecord = (text: string | null): Readonly<Record<string, unknown>> | null =>
  text === null ? null : parseJsonRecord(text);

export const readTextField = (record: Readonly<Record<string, unknown>>, key: string): string | null => {
  const value = Object.hasOwn(record, key) ? record[key] : undefined;
  return typeof value === "string" ? value : null;
};
