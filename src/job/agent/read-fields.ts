import { isInputRecord } from "./tool-input-fields.ts";

/** Total readers of an agent's JSON: a value of another type is null or empty. */
export const readText = (value: unknown): string | null => (typeof value === "string" ? value : null);
export const readNumber = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
export const readRecord = (value: unknown): Readonly<Record<string, unknown>> => (isInputRecord(value) ? value : {});
export const listRecords = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.filter((each) => isInputRecord(each)) : [];
