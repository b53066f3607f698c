/** Stands for a value that depends on a fact nobody has read yet: the decision requests the fact and is repeated with the answer. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** A value that depends on facts: the value, which may be `null` or `false`, or `UNKNOWN` while a fact is missing. */
export type Known<T> = T | typeof UNKNOWN;

/** Applies a function to a known value. */
export const mapKnown = <T, U>(value: Known<T>, map: (value: T) => Known<U>): Known<U> => (value === UNKNOWN ? UNKNOWN : map(value));

/** The value, or a substitute while it is unknown. */
export const replaceUnknown = <T, U>(value: Known<T>, substitute: U): T | U => (value === UNKNOWN ? substitute : value);

/** The values if each of them is known. */
export const collectKnown = <T>(values: readonly Known<T>[]): Known<readonly T[]> => {
  const known = values.filter((value): value is T => value !== UNKNOWN);
  return known.length === values.length ? known : UNKNOWN;
};

/** Whether a value is true. One true value is enough, whatever the missing facts are. */
export const isAnyTrue = (values: readonly Known<boolean>[]): Known<boolean> => {
  if (values.includes(true)) return true;
  return values.includes(UNKNOWN) ? UNKNOWN : false;
};

export const negate = (value: Known<boolean>): Known<boolean> => mapKnown(value, (known) => !known);
