/** Reads a foreign key; inherited properties such as `constructor` are never found. */
export const readOwn = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** Sets a foreign key. Assigning to `__proto__` would replace the record's prototype instead. */
export const writeOwn = <T>(record: Record<string, T>, key: string, value: T): void => {
  if (key === "__proto__") Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  else record[key] = value;
};
